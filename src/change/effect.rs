//! What a plan does beyond the paths that its changes name; told before anything is done.

use std::path::PathBuf;

use crate::image::text;

/// Something a step brings about besides its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A unit that runs now is stopped, for it is masked or disabled.
    Stops {
        /// The guideline's id.
        guideline: String,
        /// The unit's full name.
        unit: String,
    },
    /// The file at `path` has other names, which keep what it holds now.
    Splits {
        /// The guideline's id.
        guideline: String,
        /// The name that is changed.
        path: PathBuf,
        /// The other names inside the image that the plan leaves as they are.
        others: Vec<PathBuf>,
    },
}

/// How many names are spelled out.
const NAMED: usize = 4;

impl Effect {
    /// The guideline whose step it belongs to.
    pub fn guideline(&self) -> &str {
        match self {
            Self::Stops { guideline, .. } | Self::Splits { guideline, .. } => guideline,
        }
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Stops { unit, .. } => format!("Stops {}, which runs now.", text::visible(unit)),
            Self::Splits { path, others, .. } => {
                let mut names: Vec<String> = others.iter().take(NAMED).map(|name| text::path(name)).collect();
                if others.len() > NAMED {
                    names.push(format!("{} more", others.len() - NAMED));
                }
                let (path, names) = (text::path(path), names.join(", "));
                format!("{path} has other names (hard links), which keep what it holds now: {names}.")
            }
        }
    }
}
