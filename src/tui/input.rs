//! Keys, pastes and signals, each from a thread of its own into the one queue.

use std::io::stdin;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::runtime::Input;
use crate::wizard::{Key, Message};

/// How long the input thread waits before it looks whether it is to pause, in milliseconds.
const PAUSE_LATENCY: u16 = 200;

/// How long crossterm may look for what is there already. Not zero: with `use-dev-tty` it would not look at all. That
/// feature is needed because its other reader forgets keys that come together with a resize, until the next key.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Keeps the input thread from reading while another program has the terminal.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    wanted: bool,
    paused: bool,
}

impl Gate {
    /// Waits until the input thread has stopped reading.
    pub(super) fn close(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wanted = true;
        while !state.paused {
            let (next, timeout) =
                changed.wait_timeout(state, Duration::from_secs(1)).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if timeout.timed_out() {
                break;
            }
        }
    }

    /// Lets it read again.
    pub(super) fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap_or_else(PoisonError::into_inner).wanted = false;
        changed.notify_all();
    }

    fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.wanted {
            state.paused = true;
            changed.notify_all();
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.paused = false;
    }
}

/// Starts the thread that reads the terminal. It ends when the terminal is gone, or nobody listens any more.
pub(super) fn read_keys(queue: Sender<Input>, gate: Gate) {
    std::thread::spawn(move || {
        loop {
            gate.pass();
            match readable() {
                Some(false) => continue,
                None => break,
                Some(true) => {}
            }
            while let Ok(true) = event::poll(AT_ONCE) {
                let Ok(event) = event::read() else { break };
                if let Some(message) = message(event)
                    && queue.send(Input::Message(message)).is_err()
                {
                    return;
                }
            }
        }
        let _ = queue.send(Input::Message(Message::Gone));
    });
}

/// Whether there is something to read; `None` when the terminal is gone. Asked before crossterm is, which spins for
/// ever on a terminal that has hung up.
fn readable() -> Option<bool> {
    let stdin = stdin();
    let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::from(PAUSE_LATENCY)) {
        Ok(0) | Err(nix::errno::Errno::EINTR) => Some(false),
        Ok(_) => {
            let events = fds.first().and_then(PollFd::revents)?;
            if events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
                None
            } else {
                Some(true)
            }
        }
        Err(_) => None,
    }
}

/// Starts the thread that waits for signals.
///
/// # Errors
/// When the handlers cannot be installed.
pub(super) fn watch_signals(queue: Sender<Input>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let input = match signal {
                SIGTSTP => Input::Message(Message::Key(Key::Ctrl('z'))),
                SIGCONT => Input::Continued,
                SIGWINCH => Input::Resized,
                number => Input::Message(Message::Signal(number)),
            };
            if queue.send(input).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// What an event of the terminal means to the wizard.
fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(event) if event.kind != KeyEventKind::Release => key(event).map(Message::Key),
        Event::Paste(text) => Some(Message::Paste(text)),
        // The size is followed by SIGWINCH, which comes whether or not there is something to read.
        _ => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(_) if event.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(c) if control => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(n) => Key::F(n),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_names() {
        let press = |code, modifiers| key(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('L'), KeyModifiers::CONTROL), Some(Key::Ctrl('l')));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Key::Char('G')));
        assert_eq!(press(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(press(KeyCode::Tab, KeyModifiers::NONE), Some(Key::Tab));
        assert_eq!(press(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }

    #[test]
    fn a_paste_is_no_key() {
        assert_eq!(message(Event::Paste("q\n".into())), Some(Message::Paste("q\n".into())));
    }
}
