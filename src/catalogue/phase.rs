//! How much a guideline matters, and when it is dealt with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// AWS says "must", or its scan rejects the image.
    Required,
    /// AWS or good practice recommends it.
    Recommended,
    /// Nice to have, or information.
    Optional,
}

/// When it is dealt with; phases are gone through in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before anything is changed: is this the right base, is there a way back?
    Preflight,
    /// Patch, reboot, drop old kernels.
    Update,
    /// Remove packages, services and accounts that are not needed.
    Reduce,
    /// Configuration: SSH, passwords, sudo, firewall.
    Harden,
    /// What the first boot of a copy must bring: keys, user, network.
    FirstBoot,
    /// Secrets of the product itself.
    Application,
    /// Stop what keeps writing: agents, loggers, timers, container engines.
    Quiesce,
    /// Delete data: secrets, histories, logs, caches.
    Clean,
    /// Delete what makes this machine this machine.
    Identity,
    /// The last steps, which cannot be taken back on a running machine.
    Seal,
    /// The finished AMI: its attributes, a test launch, AWS's own scan.
    Ami,
    /// The listing: what only the publisher can vouch for.
    Listing,
}

/// Every phase in order.
pub const PHASES: [Phase; 12] = [
    Phase::Preflight,
    Phase::Update,
    Phase::Reduce,
    Phase::Harden,
    Phase::FirstBoot,
    Phase::Application,
    Phase::Quiesce,
    Phase::Clean,
    Phase::Identity,
    Phase::Seal,
    Phase::Ami,
    Phase::Listing,
];

impl Phase {
    /// Its name as people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Preflight => "Before you start",
            Self::Update => "Update",
            Self::Reduce => "Reduce",
            Self::Harden => "Harden",
            Self::FirstBoot => "First boot",
            Self::Application => "Application",
            Self::Quiesce => "Stop writers",
            Self::Clean => "Clean",
            Self::Identity => "Identity",
            Self::Seal => "Seal",
            Self::Ami => "AMI",
            Self::Listing => "Listing",
        }
    }

    /// Its name in JSON and TOML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Update => "update",
            Self::Reduce => "reduce",
            Self::Harden => "harden",
            Self::FirstBoot => "first-boot",
            Self::Application => "application",
            Self::Quiesce => "quiesce",
            Self::Clean => "clean",
            Self::Identity => "identity",
            Self::Seal => "seal",
            Self::Ami => "ami",
            Self::Listing => "listing",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Recommended => "recommended",
            Self::Optional => "optional",
        })
    }
}
