//! One step of the seal as data: what it does, in a sentence, and whether it can be taken back.

use serde::{Deserialize, Serialize};

use super::Mandate;
use crate::catalogue::{Catalogue, Phase};
use crate::change::Plan;
use crate::image::live::services::{Unit, When};
use crate::image::live::shells::Shell;
use crate::image::{Error, Image, Mode};

/// The stages in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// What would write again is stopped (a running machine only).
    Writers,
    /// Data goes: secrets, histories, logs, caches.
    Clean,
    /// What makes this machine this machine goes.
    Identity,
    /// The program and its traces, the ways in, host keys, seeds, records.
    Seal,
    /// What was written back goes again, then the power (a running machine only).
    Off,
}

impl Stage {
    /// In which stage the guidelines of `phase` are carried out; `None` when the seal has nothing to do with it.
    pub fn of(phase: Phase) -> Option<Self> {
        match phase {
            Phase::Quiesce | Phase::Clean => Some(Self::Clean),
            Phase::Identity => Some(Self::Identity),
            Phase::Seal => Some(Self::Seal),
            _ => None,
        }
    }

    /// Its name as people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Writers => "Stop writers",
            Self::Clean => "Clean",
            Self::Identity => "Identity",
            Self::Seal => "Seal",
            Self::Off => "Power off",
        }
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Writers => "writers",
            Self::Clean => "clean",
            Self::Identity => "identity",
            Self::Seal => "seal",
            Self::Off => "off",
        }
    }
}

/// `bash of admin on pts/1 (process 812)`.
fn name(shell: &Shell) -> String {
    let tty = shell.tty.as_deref().map(|tty| format!(" on {tty}")).unwrap_or_default();
    let Shell { pid, user, program, .. } = shell;
    format!("{program} of {user}{tty} (process {pid})")
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A systemd unit is stopped.
    StopUnit {
        /// Its full name.
        unit: String,
    },
    /// A shell of somebody else is ended by SIGKILL, so that it writes nothing.
    EndShell(Shell),
    /// The changes of one guideline's remedy.
    Carry {
        /// Its id.
        guideline: String,
        /// Its title.
        title: String,
    },
    /// Every session ends, the publisher's own last.
    EndSessions,
    /// The guidelines of all stages are judged once more, and what was written since goes.
    Again,
    /// Everything is written to the disk.
    Sync,
    /// The machine is switched off; nothing is run that would save something on stopping.
    PowerOff,
}

impl Act {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StopUnit { .. } => "stop-unit",
            Self::EndShell(_) => "end-shell",
            Self::Carry { .. } => "guideline",
            Self::EndSessions => "end-sessions",
            Self::Again => "again",
            Self::Sync => "sync",
            Self::PowerOff => "power-off",
        }
    }

    /// The guideline whose changes it makes.
    pub fn guideline(&self) -> Option<&str> {
        if let Self::Carry { guideline, .. } = self { Some(guideline) } else { None }
    }

    /// The unit it stops.
    pub fn unit(&self) -> Option<&str> {
        if let Self::StopUnit { unit } = self { Some(unit) } else { None }
    }

    /// The process it ends.
    pub fn pid(&self) -> Option<i32> {
        if let Self::EndShell(shell) = self { Some(shell.pid) } else { None }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealStep {
    /// When it is done.
    pub stage: Stage,
    /// What it does.
    pub act: Act,
}

/// Whether what a step does can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenBack {
    /// By `seaworthy undo`, at any time.
    Always,
    /// By `seaworthy undo`, or by starting the unit, as long as the machine runs: the journal is in its memory.
    UntilPowerOff,
    /// Not at all.
    Never,
}

impl TakenBack {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::UntilPowerOff => "until-power-off",
            Self::Never => "never",
        }
    }
}

impl SealStep {
    /// What it does, in one sentence.
    pub fn sentence(&self) -> String {
        match &self.act {
            Act::StopUnit { unit } => format!("Stop {unit}."),
            Act::EndShell(shell) => format!("End {}: it would write its history when it ends.", name(shell)),
            Act::Carry { guideline, title } => format!("{guideline}: {title}."),
            Act::EndSessions => "End every session, yours last; the connection closes here.".to_owned(),
            Act::Again => "Look once more, and remove what was written since.".to_owned(),
            Act::Sync => "Write everything to the disk; nothing is written to it any more.".to_owned(),
            Act::PowerOff => "Switch the machine off.".to_owned(),
        }
    }

    /// Whether it can be taken back, on an image that is live or not.
    pub fn taken_back(&self, mode: Mode) -> TakenBack {
        match (&self.act, mode) {
            (Act::Carry { .. } | Act::Sync, Mode::Offline) => TakenBack::Always,
            (Act::Carry { .. } | Act::StopUnit { .. } | Act::Again, _) => TakenBack::UntilPowerOff,
            (Act::EndShell(_) | Act::EndSessions | Act::Sync | Act::PowerOff, _) => TakenBack::Never,
        }
    }

    fn of(stage: Stage, act: Act) -> Self {
        Self { stage, act }
    }
}

/// What lives on the machine and writes: its units in the order of stopping, and the shells at its terminals. Those the
/// seal was called from end with their session: to halt them is no use, for the kernel wakes who leads a session when
/// the connection is lost, and they write then.
#[derive(Debug, Clone, Default)]
pub(super) struct Writers {
    pub(super) units: Vec<Unit>,
    pub(super) shells: Vec<Shell>,
}

impl Writers {
    pub(super) fn of(image: &Image) -> Result<Self, Error> {
        let Some(live) = image.live() else { return Ok(Self::default()) };
        Ok(Self { units: live.services(image)?, shells: live.shells()? })
    }

    fn units(&self, stage: Stage) -> impl Iterator<Item = SealStep> {
        let units = self.units.iter().filter(move |unit| (unit.when == When::First) == (stage == Stage::Writers));
        units.map(move |unit| SealStep::of(stage, Act::StopUnit { unit: unit.name.clone() }))
    }
}

/// Every step in order.
pub(super) fn steps(
    image: &Image,
    catalogue: &Catalogue,
    mandate: &Mandate,
    plan: &Plan,
    writers: &Writers,
) -> Vec<SealStep> {
    let mut steps: Vec<SealStep> = writers.units(Stage::Writers).collect();
    let others = writers.shells.iter().filter(|shell| !shell.is_own);
    steps.extend(others.map(|shell| SealStep::of(Stage::Writers, Act::EndShell(shell.clone()))));
    for step in &plan.steps {
        let (Some(stage), Some(guideline)) = (mandate.stage_of(&step.guideline), catalogue.get(&step.guideline)) else {
            continue;
        };
        let act = Act::Carry { guideline: guideline.id.clone(), title: guideline.title.clone() };
        steps.push(SealStep::of(stage, act));
    }
    if image.mode() == Mode::Live {
        steps.push(SealStep::of(Stage::Off, Act::EndSessions));
        steps.extend(writers.units(Stage::Off));
        steps.push(SealStep::of(Stage::Off, Act::Again));
    }
    steps.push(SealStep::of(Stage::Off, Act::Sync));
    if image.mode() == Mode::Live {
        steps.push(SealStep::of(Stage::Off, Act::PowerOff));
    }
    steps
}
