//! The loop: a message from the queue, the model's answer, effects started, a frame when the queue is empty.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use signal_hook::consts::SIGINT;

use super::input::{self, Gate};
use super::options::Options;
use super::terminal::{NoStopKey, Screen, restore_on_panic};
use super::view::{Look, view};
use crate::image::text;
use crate::wizard::{Effect, Engine, ExportRequest, Message, Model, Quit, Session, Signer, start, update};

/// The most messages that are taken in before a frame is drawn, so that a flood of progress never starves the screen.
const BATCH: usize = 1000;

/// For how long after another program had the terminal an interrupt is taken to have been for that program.
const INTERRUPT_GRACE: Duration = Duration::from_secs(1);

/// What comes through the queue.
#[derive(Debug)]
pub(super) enum Input {
    /// For the model.
    Message(Message),
    /// The terminal has another size.
    Resized,
    /// The process was stopped and goes on.
    Continued,
}

/// Runs the wizard until it is left. Gives the exit code: 0, or 128 and the number of the signal that ended it.
///
/// # Errors
/// When there is no such theme, or the terminal cannot be taken over.
pub fn run(session: Session, options: &Options) -> anyhow::Result<u8> {
    let look = options.look().map_err(anyhow::Error::msg)?;
    let other_look = options.other_look(&look).map_err(anyhow::Error::msg)?;
    let mut model = session.model();
    restore_on_panic();
    let (queue, inbox) = channel();
    input::watch_signals(queue.clone()).context("cannot watch for signals")?;
    let screen = Screen::open(options.size()).context("cannot take over the terminal")?;
    let gate = Gate::default();
    input::read_keys(queue.clone(), gate.clone());
    let workers = Workers::start(Arc::new(Engine::new(session)), queue);
    let pause = Duration::from_millis(if options.is_slow() { 500 } else { 100 });
    let mut runtime = Runtime { screen, look, other_look, gate, workers, pause, lent: None };
    let quit = runtime.run(&mut model, &inbox).unwrap_or(Quit::Gone);
    let Runtime { screen, workers, .. } = runtime;
    drop(screen);
    workers.end();
    Ok(match quit {
        Quit::Asked => 0,
        Quit::Signal(number) => 128_u8.saturating_add(u8::try_from(number).unwrap_or(0)),
        Quit::Gone => 128 + 1,
    })
}

struct Runtime {
    screen: Screen,
    look: Look,
    /// The look that Ctrl-T goes to: serial lines that can do more, screens that should do less.
    other_look: Look,
    gate: Gate,
    workers: Workers,
    /// The shortest time between two frames that no key asked for.
    pause: Duration,
    /// When another program last had the terminal.
    lent: Option<Instant>,
}

impl Runtime {
    /// The loop itself; an error is a terminal that cannot be written to any more.
    fn run(&mut self, model: &mut Model, inbox: &Receiver<Input>) -> io::Result<Quit> {
        self.resized(model)?;
        self.draw(model)?;
        for effect in start() {
            self.start(model, effect)?;
        }
        let mut drawn = Instant::now();
        let mut stale = false;
        loop {
            let next = if stale {
                inbox.recv_timeout(self.pause.saturating_sub(drawn.elapsed()))
            } else {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let mut urgent = false;
            match next {
                Err(RecvTimeoutError::Timeout) => urgent = true,
                Err(RecvTimeoutError::Disconnected) => return Ok(Quit::Gone),
                Ok(first) => {
                    for input in std::iter::once(first).chain(inbox.try_iter()).take(BATCH) {
                        urgent |= !matches!(
                            input,
                            Input::Message(Message::Progress(_) | Message::Step(_) | Message::SealLine(_))
                        );
                        self.take(model, input)?;
                        if let Some(quit) = model.quit {
                            return Ok(quit);
                        }
                    }
                }
            }
            stale = !urgent && drawn.elapsed() < self.pause;
            if !stale {
                self.draw(model)?;
                drawn = Instant::now();
            }
        }
    }

    fn draw(&mut self, model: &Model) -> io::Result<()> {
        let look = &self.look;
        self.screen.draw(|frame| view(model, look, frame))
    }

    fn take(&mut self, model: &mut Model, input: Input) -> io::Result<()> {
        match input {
            // Ctrl-C at ssh-keygen's question goes to the whole group, and means ssh-keygen.
            Input::Message(Message::Signal(SIGINT)) if self.lent.is_some_and(|at| at.elapsed() < INTERRUPT_GRACE) => {
                Ok(())
            }
            Input::Message(message) => {
                for effect in update(model, message) {
                    self.start(model, effect)?;
                }
                Ok(())
            }
            Input::Resized => self.resized(model),
            Input::Continued => {
                self.screen.retake()?;
                self.resized(model)
            }
        }
    }

    fn resized(&mut self, model: &mut Model) -> io::Result<()> {
        let size = self.screen.size()?;
        update(model, Message::Resize(size.width, size.height));
        Ok(())
    }

    /// Starts an effect: what is about the terminal here, everything else on the workers.
    fn start(&mut self, model: &mut Model, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Redraw => self.screen.forget(),
            Effect::Plain => {
                std::mem::swap(&mut self.look, &mut self.other_look);
                Ok(())
            }
            Effect::Copy(text) => Screen::copy(&text),
            Effect::Suspend => self.suspend(model),
            Effect::Export(request) if matches!(request.signer, Signer::KeyFile(_)) => self.sign(model, request),
            effect => {
                self.workers.carry_out(effect);
                Ok(())
            }
        }
    }

    /// Stops the process as a shell's job. The first process of a session has no shell to come back to.
    fn suspend(&mut self, model: &mut Model) -> io::Result<()> {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::{Pid, getpid, getsid};
        if getsid(None).is_ok_and(|leader| leader == getpid()) {
            let text = "Not now: there is no shell to go back to; this is the session's first program.".into();
            model.notice = Some(crate::wizard::Notice { text, bad: true });
            return Ok(());
        }
        // The whole group, as the terminal itself would: under sudo the shell waits for sudo, not for us.
        self.screen.without(|| kill(Pid::from_raw(0), Signal::SIGSTOP))?.map_err(io::Error::from)?;
        self.resized(model)
    }

    /// Writes and signs with `ssh-keygen`, which asks for its passphrase on the terminal.
    fn sign(&mut self, model: &mut Model, request: Box<ExportRequest>) -> io::Result<()> {
        self.draw(model)?;
        self.gate.close();
        let workers = &self.workers;
        let messages = self.screen.without(|| {
            // Nobody could bring ssh-keygen back: this process waits for it, and the shell waits for this process.
            let _stop_key = NoStopKey::new();
            if let Signer::KeyFile(key) = &request.signer {
                // Without this the question for a passphrase stands alone on an empty screen.
                let _ = writeln!(io::stdout(), "ssh-keygen signs the report with {}.", text::path(key));
            }
            let messages = std::sync::Mutex::new(Vec::new());
            workers.engine.carry_out(Effect::Export(request), &|message| {
                messages.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(message);
            });
            messages.into_inner().unwrap_or_default()
        })?;
        self.lent = Some(Instant::now());
        // What was typed while nobody was asking is for nobody.
        let _ = nix::sys::termios::tcflush(io::stdin(), nix::sys::termios::FlushArg::TCIFLUSH);
        self.gate.open();
        for message in messages {
            self.take(model, Input::Message(message))?;
        }
        Ok(())
    }
}

/// The threads that carry effects out: one for everything that must happen in order, and one for each survey, each
/// question to an agent and each run that waits, which may take long.
struct Workers {
    engine: Arc<Engine>,
    queue: Sender<Input>,
    orders: Sender<Effect>,
    worker: JoinHandle<()>,
}

impl Workers {
    fn start(engine: Arc<Engine>, queue: Sender<Input>) -> Self {
        let (orders, effects) = channel();
        let (hands, answers) = (Arc::clone(&engine), queue.clone());
        let worker = std::thread::spawn(move || {
            for effect in effects {
                carry_out(&hands, effect, &answers);
            }
        });
        Self { engine, queue, orders, worker }
    }

    fn carry_out(&self, effect: Effect) {
        if matches!(effect, Effect::Pause(_)) {
            // At once, whatever the workers are at.
            carry_out(&self.engine, effect, &self.queue);
        } else if takes_long(&effect) {
            let (engine, queue) = (Arc::clone(&self.engine), self.queue.clone());
            std::thread::spawn(move || carry_out(&engine, effect, &queue));
        } else {
            // It fails only when the worker is gone, and it catches its panics.
            let _ = self.orders.send(effect);
        }
    }

    /// Waits until what was begun is done: a run is never left in the middle, and the session is kept.
    fn end(self) {
        drop(self.orders);
        let _ = self.worker.join();
    }
}

/// Whether nothing else waits for it, and leaving the wizard does not either.
fn takes_long(effect: &Effect) -> bool {
    match effect {
        Effect::Survey | Effect::AgentKeys | Effect::Watch | Effect::FollowSeal => true,
        // Another process carries it out.
        Effect::Seal(draft) => draft.is_live(),
        _ => false,
    }
}

/// Carries one effect out; a defect in it becomes a message, never the end of the wizard.
fn carry_out(engine: &Engine, effect: Effect, queue: &Sender<Input>) {
    let queue = std::sync::Mutex::new(queue.clone());
    let send = |message| {
        // It fails only when the wizard has been left.
        let _ = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).send(Input::Message(message));
    };
    let broken = effect.broken();
    let run = std::panic::AssertUnwindSafe(|| engine.carry_out(effect, &send));
    if let Err(panic) = std::panic::catch_unwind(run) {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        for message in broken(said) {
            send(message);
        }
    }
}
