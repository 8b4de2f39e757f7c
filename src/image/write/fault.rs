//! Where a test may stop the program: before every step that changes a disk. In the program itself, nothing.

/// A step is about to be taken.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
pub(crate) fn point() -> Result<(), nix::errno::Errno> {
    Ok(())
}

/// A rename with flags is about to be made.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
pub(crate) fn flags() -> Result<(), nix::errno::Errno> {
    Ok(())
}

#[cfg(test)]
pub(crate) use test::{Fault, arm, flags, is_armed, point, without_flags};

#[cfg(test)]
mod test {
    use std::cell::Cell;

    use nix::errno::Errno;

    /// What happens at the chosen step.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// The program dies: unwinds without cleaning up.
        Crash,
        /// The kernel answers with an error, once.
        Error(Errno),
    }

    thread_local! {
        static ARMED: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
        static WITHOUT_FLAGS: Cell<bool> = const { Cell::new(false) };
    }

    /// Makes the file system one that knows no flags of `renameat2`, for this thread.
    pub(crate) fn without_flags(without: bool) {
        WITHOUT_FLAGS.set(without);
    }

    /// A rename with flags is about to be made.
    pub(crate) fn flags() -> Result<(), Errno> {
        if WITHOUT_FLAGS.get() { Err(Errno::EINVAL) } else { Ok(()) }
    }

    /// Lets `fault` happen at step `step` (from 0) of this thread. `None` disarms.
    pub(crate) fn arm(fault: Option<(usize, Fault)>) {
        ARMED.set(fault);
    }

    /// A step is about to be taken.
    pub(crate) fn point() -> Result<(), Errno> {
        match ARMED.get() {
            Some((0, fault)) => {
                ARMED.set(None);
                match fault {
                    Fault::Crash => std::panic::panic_any("crash"),
                    Fault::Error(errno) => Err(errno),
                }
            }
            Some((left, fault)) => {
                ARMED.set(Some((left - 1, fault)));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether the armed fault has not happened yet.
    pub(crate) fn is_armed() -> bool {
        ARMED.get().is_some()
    }
}
