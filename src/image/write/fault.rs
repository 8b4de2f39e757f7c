//! Where a test may stop the program: before every step that changes a disk. In the program itself, nothing.

/// A step is about to be taken.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
pub(crate) fn point() -> Result<(), nix::errno::Errno> {
    Ok(())
}

#[cfg(test)]
pub(crate) use test::{Fault, arm, is_armed, point};

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
