//! One pass through the configuration: the server's own, or that of one connection.
//!
//! The server's pass counts everything outside `Match` blocks. A connection's pass starts afresh, counts what stands in
//! blocks that apply, and what it sets replaces what the server's pass set.

use std::collections::BTreeMap;

use super::criteria::{Judge, criteria};
use super::keywords::{Kind, look_up};
use super::lexer::{Args, keyword};
use super::people::People;
use super::release::Release;
use super::script::{At, Script, Step};
use super::take::{How, Reader, Write};
use super::{Connection, MatchBlock, Problem};
use crate::image::text;

/// What is set, and by which lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub(super) values: Vec<String>,
    pub(super) origins: Vec<At>,
    /// The deciding line stands in a `Match` block.
    pub(super) in_match: bool,
}

/// Everything a pass has set, by slot.
pub(super) type Slots = BTreeMap<&'static str, Slot>;

/// What every pass needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) script: &'a Script,
    pub(super) release: Release,
    pub(super) people: &'a People,
    pub(super) services: &'a str,
    /// Ports were given on the command line: those of the files do not count.
    pub(super) fixed_ports: bool,
}

/// What a pass found.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) slots: Slots,
    pub(super) problems: Vec<Problem>,
    pub(super) blocks: Vec<MatchBlock>,
}

/// More problems than this are not listed: one is enough to stop the server.
const MOST_PROBLEMS: usize = 200;

/// The most ports and subsystems the program takes.
const MOST_PORTS: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Nothing counts until the first `Match` of this file.
    match_only: bool,
    /// Included by a block that does not apply: nothing in it can.
    never: bool,
    /// State of the including file, restored at the end.
    was_active: bool,
    block: Option<usize>,
}

struct Pass<'a> {
    ground: Ground<'a>,
    /// `None` in the server's own pass.
    connection: Option<&'a Connection>,
    active: bool,
    frames: Vec<Frame>,
    block: Option<usize>,
    outcome: Outcome,
}

/// The server's own pass.
pub(super) fn server(ground: Ground<'_>) -> Outcome {
    Pass::run(ground, None)
}

/// The pass of one connection.
pub(super) fn connection(ground: Ground<'_>, connection: &Connection) -> Outcome {
    Pass::run(ground, Some(connection))
}

impl<'a> Pass<'a> {
    fn run(ground: Ground<'a>, connection: Option<&'a Connection>) -> Outcome {
        let global = connection.is_none();
        let main = Frame { match_only: !global, never: false, was_active: global, block: None };
        let mut pass =
            Self { ground, connection, active: global, frames: vec![main], block: None, outcome: Outcome::default() };
        if global {
            for at in &ground.script.options {
                pass.option(*at);
            }
        }
        for step in &ground.script.steps {
            match step {
                Step::Line(at) => pass.line(*at),
                Step::Enter => pass.enter(),
                Step::Leave => pass.leave(),
            }
        }
        pass.outcome
    }

    fn frame(&self) -> Frame {
        self.frames.last().copied().unwrap_or(Frame { match_only: false, never: false, was_active: true, block: None })
    }

    fn enter(&mut self) {
        let outer = self.frame();
        self.frames.push(Frame {
            match_only: outer.match_only,
            never: !outer.match_only && !self.active,
            was_active: self.active,
            block: self.block,
        });
    }

    fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.active = frame.was_active;
            self.block = frame.block;
        }
    }

    fn problem(&mut self, at: At, message: String) {
        if self.outcome.problems.len() < MOST_PROBLEMS {
            let origin = self.ground.script.origin(at);
            self.outcome.problems.push(Problem { origin, message, fatal: true });
        }
    }

    /// A line of the command line: as in the server's pass, but neither `Match` nor `Include`.
    fn option(&mut self, at: At) {
        let line = self.ground.script.line(at);
        let is_refused = keyword(line)
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("match") || name.eq_ignore_ascii_case("include"));
        if is_refused {
            self.problem(at, "is not possible on the command line".to_owned());
        } else {
            self.line(at);
        }
    }

    fn line(&mut self, at: At) {
        if let Some((name, rest)) = keyword(self.ground.script.line(at))
            && let Err(message) = self.directive(at, &name, rest)
        {
            let is_known = look_up(&name, self.ground.release).is_some();
            let name = if is_known || is_word(&name) { name } else { text::masked(&name) };
            let number = self.outcome.problems.len();
            self.problem(at, format!("{name} {message}"));
            // `Include` may name any file: what is no configuration is not quoted.
            if let Some(problem) = self.outcome.problems.get_mut(number).filter(|_| !is_known) {
                problem.origin.text = format!("{name} …");
            }
        }
    }

    fn directive(&mut self, at: At, name: &str, rest: Option<&'a [u8]>) -> Result<(), String> {
        let ground = self.ground;
        let Some(meaning) = look_up(name, ground.release) else {
            return Err("is not a keyword of this OpenSSH version".to_owned());
        };
        let mut args = Args::new(rest, ground.release)?;
        let kind = meaning.keyword.kind;
        if !self.active && !meaning.may_match {
            // The server's pass has looked at it already.
            return if self.connection.is_none() {
                Err("is not allowed within a Match block".to_owned())
            } else {
                Ok(())
            };
        }
        if kind == Kind::Match {
            return self.match_line(at, &mut args);
        }
        if kind == Kind::Include {
            return include_arguments(&mut args);
        }
        if kind == Kind::Port && ground.fixed_ports && !ground.script.options.iter().any(|option| option.is_same(at)) {
            return Ok(());
        }
        let is_set = |slot: &str| self.outcome.slots.get(slot).is_some_and(|slot| !slot.values.is_empty());
        let reader = Reader {
            release: ground.release,
            people: ground.people,
            services: ground.services,
            active: self.active,
            has_methods: is_set("authenticationmethods"),
            has_keys_command: is_set("authorizedkeyscommand"),
        };
        let writes = reader.take(meaning.keyword, &mut args)?;
        if !args.is_finished() {
            return Err("has extra words at its end".to_owned());
        }
        if kind != Kind::Ignored
            && let Some(block) = self.block.and_then(|block| self.outcome.blocks.get_mut(block))
        {
            block.sets.push((meaning.keyword.name.to_owned(), ground.script.origin(at)));
        }
        if self.active {
            for write in writes {
                self.set(at, write)?;
            }
        }
        Ok(())
    }

    fn match_line(&mut self, at: At, args: &mut Args<'_>) -> Result<(), String> {
        let ground = self.ground;
        let found = criteria(args, ground.release)?;
        let frame = self.frame();
        let connection = if frame.never { None } else { self.connection };
        let judge = Judge { release: ground.release, people: ground.people, services: ground.services, connection };
        let applies = judge.applies(&found)?;
        // "Match all" applies even to the server's own pass.
        self.active =
            applies && !frame.never && (self.connection.is_some() || found.iter().all(|(name, _)| name == "all"));
        if let Some(frame) = self.frames.last_mut() {
            frame.match_only = false;
        }
        self.outcome.blocks.push(MatchBlock { origin: ground.script.origin(at), criteria: found, sets: Vec::new() });
        self.block = Some(self.outcome.blocks.len() - 1);
        Ok(())
    }

    fn set(&mut self, at: At, write: Write) -> Result<(), String> {
        let in_match = self.block.is_some();
        let slot = self.outcome.slots.entry(write.slot).or_default();
        if write.slot == "subsystem" {
            let name = |value: &str| value.split(' ').next().unwrap_or_default().to_owned();
            let known = write.values.iter().any(|new| slot.values.iter().any(|old| name(old) == name(new)));
            if known && self.ground.release.since(9, 5) {
                return Ok(());
            }
            if known {
                return Err("is defined a second time".to_owned());
            }
            if write.values.iter().any(|value| !value.contains(' ')) {
                return Err("has no command".to_owned());
            }
        }
        match write.how {
            How::First if !slot.values.is_empty() => {}
            How::First | How::Last => *slot = Slot { values: write.values, origins: vec![at], in_match },
            How::Add if write.values.is_empty() => {}
            How::Add => {
                slot.values.extend(write.values);
                slot.origins.push(at);
                slot.in_match = in_match;
            }
        }
        let too_many = (write.slot == "port" || write.slot == "subsystem") && slot.values.len() > MOST_PORTS;
        if too_many { Err(format!("is given more than {MOST_PORTS} times")) } else { Ok(()) }
    }
}

/// Whether an unknown keyword is a word that somebody mistyped, and no piece of a key or a hash.
fn is_word(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.len() <= 32 && digits <= 2 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An `Include` line names at least one pattern, and no empty one.
fn include_arguments(args: &mut Args<'_>) -> Result<(), String> {
    let mut count = 0;
    while let Some(pattern) = args.next() {
        if pattern.is_empty() {
            return Err("has an empty pattern".to_owned());
        }
        count += 1;
    }
    if count == 0 { Err("has no argument".to_owned()) } else { Ok(()) }
}
