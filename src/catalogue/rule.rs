//! What a guideline is made of.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Earlier;
use super::phase::{Phase, Severity};

/// Where AWS (or another authority) asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The page's title.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub page: String,
    /// The section on the page.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub section: String,
}

/// One thing a publishable image must satisfy.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guideline {
    /// `SSH-04`: section and number; never reused.
    #[cfg_attr(test, schemars(regex(pattern = "^[A-Z]{2,8}-[0-9]{1,4}$")))]
    pub id: String,
    /// One line, says the wanted state.
    #[cfg_attr(test, schemars(regex(pattern = r"^[^\n]*\S[^\n]*$")))]
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// When it is dealt with.
    pub phase: Phase,
    /// Where it is asked for; never empty.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub sources: Vec<Source>,
    /// What it asks, in a sentence or two.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub asks: String,
    /// The attack or the rejection it prevents.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub why: String,
    /// How to do it by hand, with commands.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub by_hand: String,
    /// What can go wrong when doing it.
    #[cfg_attr(test, schemars(regex(pattern = r"\S")))]
    pub danger: String,
    /// The statement a person confirms, where only a person can know.
    #[serde(default)]
    pub attest: Option<String>,
    /// Guidelines that must pass before this one's fix may be carried out (a lock-out guard); they may be of a later
    /// phase.
    #[serde(default)]
    pub needs: Vec<Earlier>,
    /// Guidelines of the same or an earlier phase whose fix comes before this one's.
    #[serde(default)]
    pub after: Vec<Earlier>,
    /// What judges it.
    pub check: Check,
    /// What mends it, where a program can.
    #[serde(default)]
    pub fix: Option<Fix>,
    /// Why no program mends it, in one sentence, where there is no `fix`.
    #[serde(default)]
    pub no_fix: Option<String>,
    /// Its `fix` may stop the product from working: nothing that chooses every remedy at once chooses it.
    #[serde(default)]
    pub only_by_name: bool,
}

impl Guideline {
    /// Everything that is dealt with before it.
    pub fn waits_for(&self) -> impl Iterator<Item = &Earlier> {
        self.needs.iter().chain(&self.after)
    }

    /// When its turn comes, a sentence for each guideline that comes first.
    pub fn turn(&self) -> Vec<String> {
        let needs = self.needs.iter().map(|earlier| earlier.because(&format!("Waits until {} passes", earlier.id)));
        let after = self.after.iter().map(|earlier| earlier.because(&format!("Comes after {}", earlier.id)));
        needs.chain(after).collect()
    }
}

/// How a guideline is judged. Each is one reusable kind with parameters; `own` is logic of its own.
///
/// Path patterns are those of [`crate::image::Image::glob`]; a pattern that starts with `~/` is tried in every home.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// The effective sshd setting has one of the wanted values, for the server and for every login user's connection.
    Sshd {
        /// Lower-case keyword.
        keyword: String,
        /// Values that pass.
        pass: Vec<String>,
        /// Values that pass with a remark.
        #[serde(default)]
        tolerated: Vec<String>,
    },
    /// Nothing is at any of these places, and no file says what it must not say.
    Absent(Absent),
    /// No line of these files says any of this. Lines that begin with `#` or `;` are comments and do not count.
    Lines {
        /// Patterns of paths; what is no regular file is left out.
        files: Vec<String>,
        /// What a line must not say: `*` stands for anything, `\*` for a star, letters count the same in upper and lower
        /// case, runs of blanks count as one, and blanks around `=` and `:` as none.
        forbid: Vec<String>,
        /// What a line may say although it fits one of `forbid`.
        #[serde(default)]
        allow: Vec<String>,
        /// A file with such a line, comments included, is made anew at every boot and is left out.
        #[serde(default)]
        generated: Vec<String>,
        /// Patterns of paths that must not be there at all.
        #[serde(default)]
        places: Vec<String>,
    },
    /// A key of cloud-init's merged configuration has one of the wanted values.
    CloudInit {
        /// The keys from the top, with dots: `growpart.mode`.
        key: String,
        /// Values that pass, as YAML writes them; `true` and `false` stand for every YAML 1.1 spelling.
        pass: Vec<String>,
        /// Whether the key may be missing.
        #[serde(default)]
        unset_is_fine: bool,
    },
    /// None of these units is enabled; those that are masked or missing pass.
    UnitsOff {
        /// Unit names; `.service` may be left off; `*` at the end matches any rest.
        units: Vec<String>,
    },
    /// None of these packages is installed.
    PackagesAbsent {
        /// Names; `*` at the end matches any rest.
        packages: Vec<String>,
    },
    /// The sweep over every file found nothing of this kind, and nothing is at the known places.
    Swept {
        /// What the sweep looks for.
        kind: SweptKind,
        /// Patterns of places where such things are kept: whatever lies there counts, whatever it holds.
        #[serde(default)]
        places: Vec<String>,
        /// Directories below which a hit counts; everywhere when there are none.
        #[serde(default)]
        below: Vec<PathBuf>,
        /// Patterns of files whose hits do not count, because another guideline judges them.
        #[serde(default)]
        except: Vec<String>,
    },
    /// An attribute of the AMI has one of these values; unknown where no AMI was handed in (`--ami FILE`).
    Ami {
        /// As `aws ec2 describe-images` calls it.
        attribute: AmiAttribute,
        /// Values that pass.
        pass: Vec<String>,
    },
    /// Only a person can know; [`Guideline::attest`] is what they confirm.
    Attest,
    /// Only a person can know; what the image shows of it is gathered for them. Secrets are no evidence: what is shown
    /// of a line is what the pattern spells out.
    Evidence {
        /// What to say when something is seen: one sentence.
        summary: String,
        /// Patterns of paths whose being there is worth a look.
        #[serde(default)]
        places: Vec<String>,
        /// Patterns of files that are searched for `lines`.
        #[serde(default)]
        files: Vec<String>,
        /// What a line says that is worth a look, as in `lines.forbid`.
        #[serde(default)]
        lines: Vec<String>,
        /// Units whose being enabled is worth a look; `*` at the end matches any rest.
        #[serde(default)]
        units: Vec<String>,
        /// Packages whose being installed is worth a look; `*` at the end matches any rest.
        #[serde(default)]
        packages: Vec<String>,
        /// Why it does not apply to an image that shows nothing of all this; without it, a person is asked even so.
        #[serde(default)]
        otherwise: Option<String>,
    },
    /// Does not apply to a Linux image; why.
    NotApplicable {
        /// In one sentence.
        reason: String,
    },
    /// Logic of its own, in the file of `check/own` named for it.
    Own(OwnCheck),
}

/// An attribute of an AMI (EC2 API reference, data type Image).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum AmiAttribute {
    /// `hvm` or `paravirtual`.
    VirtualizationType,
    /// `ebs` or `instance-store`.
    RootDeviceType,
    /// `v2.0`, or not set.
    ImdsSupport,
    /// `true` or `false`.
    EnaSupport,
    /// `simple`, or not set.
    SriovNetSupport,
    /// `legacy-bios`, `uefi` or `uefi-preferred`, or not set.
    BootMode,
    /// `v2.0`, or not set.
    TpmSupport,
    /// `Linux/UNIX`, `Red Hat Enterprise Linux` …
    PlatformDetails,
}

/// What must not be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// Patterns.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Patterns that are excused.
    #[serde(default)]
    pub except: Vec<String>,
    /// Files with no bytes in them are excused.
    #[serde(default)]
    pub empty_is_fine: bool,
    /// Directories are excused, for services do not make theirs anew; what lies in them needs patterns of its own.
    #[serde(default)]
    pub directories_are_fine: bool,
    /// Files that a package brought and nobody changed are excused, and so is the package's own version that was put
    /// beside a changed one (`.rpmnew`, `.dpkg-dist` …).
    #[serde(default)]
    pub shipped_is_fine: bool,
    /// Files that must not be there when a line of theirs says so.
    #[serde(default)]
    pub holding: Vec<Saying>,
    /// Patterns of paths that may be there, but must be looked at: when nothing else is found, a person has to confirm.
    #[serde(default)]
    pub to_judge: Vec<String>,
    /// Lines that must not be there; the rest of their file may stay.
    #[serde(default)]
    pub lines: Vec<Saying>,
}

/// What lines of some files say; patterns of lines are those of [`Check::Lines`], `\*` for a star among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// Patterns of paths; what is no regular file is left out.
    pub files: Vec<String>,
    /// What a line must not say.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// What a line may say although it fits one of `forbid`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// A line must hold no URL with a password in it (`https://user:password@host`), unless a variable stands for it.
    #[serde(default)]
    pub passwords_in_urls: bool,
}

/// What the sweep over every file looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SweptKind {
    /// A private key in any armour, or a store that holds one.
    PrivateKey,
    /// An AWS access key id or secret.
    AwsKey,
    /// A script that asks for instance metadata and speaks of no token.
    Metadata,
    /// A token, a password or another secret in configuration or a script.
    Secret,
    /// The name of a Region, or of something that exists in one account or network only.
    Region,
    /// A setting or a form that asks for long-lived AWS keys; a person judges.
    KeyAsked,
}

/// Checks with logic of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OwnCheck {
    /// OSL-01.
    LifeCycle,
    /// OSL-02.
    Runtimes,
    /// OSL-03.
    SecurityUpdates,
    /// OSL-04.
    NewestKernel,
    /// OSL-05.
    Malware,
    /// OSL-06.
    Repositories,
    /// OSL-09.
    PackageOrigins,
    /// SSH-02.
    KeyboardInteractive,
    /// SSH-04.
    RootLogin,
    /// SSH-05.
    MatchBlocks,
    /// SSH-06.
    CloudInitPasswords,
    /// SSH-07.
    SshdAtBoot,
    /// SSH-08.
    SshReachable,
    /// SSH-09.
    KeyLogin,
    /// SSH-10.
    HostTrust,
    /// SSH-12.
    SshdValid,
    /// SSH-14.
    TrustAnchors,
    /// KEY-01.
    HostKeys,
    /// KEY-02.
    HostKeysAtFirstBoot,
    /// KEY-03.
    AuthorizedKeys,
    /// KEY-04.
    UserKeys,
    /// KEY-06.
    BuyerKey,
    /// KEY-07.
    InitramfsSecrets,
    /// ACC-01.
    NullPasswords,
    /// ACC-02.
    PasswordHashes,
    /// ACC-03.
    RootPassword,
    /// ACC-04.
    UniqueUids,
    /// ACC-05.
    BuildAccounts,
    /// ACC-06.
    DefaultUser,
    /// ACC-07.
    SudoRights,
    /// ACC-08.
    PasswordExpiry,
    /// ACC-11.
    StandingAccess,
    /// ACC-12.
    PamNullok,
    /// ACC-13.
    ConsoleAutologin,
    /// ACC-14.
    ServiceShells,
    /// SEC-13.
    FirstPassword,
    /// SEC-14.
    Certificates,
    /// SEC-22.
    FreeSpace,
    /// AGT-05.
    InstanceConnect,
    /// IDN-01.
    MachineId,
    /// IDN-02.
    DbusMachineId,
    /// IDN-04.
    Hostname,
    /// IDN-11.
    StorageIds,
    /// IDN-06.
    NetworkBindings,
    /// IDN-07.
    DeviceNames,
    /// IDN-09.
    CloudInitLeftovers,
    /// LOG-01.
    Logs,
    /// LOG-02.
    LoginRecords,
    /// LOG-05.
    CloudInitLogs,
    /// LOG-10.
    TemporaryFiles,
    /// LOG-12.
    Swap,
    /// BOT-01.
    MountsPortable,
    /// BOT-02.
    NetworkAtBoot,
    /// BOT-03.
    BootDrivers,
    /// BOT-04.
    EncryptedFileSystems,
    /// BOT-06.
    BootTarget,
    /// BOT-13.
    MandatoryAccess,
    /// BOT-08.
    ClearText,
    /// BOT-09.
    OpenRelay,
    /// BOT-12.
    HostFirewall,
    /// IMG-01.
    AmiOwner,
    /// IMG-02.
    Virtualization,
    /// IMG-03.
    Architecture,
    /// IMG-04.
    RootDevice,
    /// IMG-05.
    SnapshotEncryption,
    /// IMG-06.
    SnapshotSizes,
    /// IMG-09.
    ProductCodes,
    /// IMG-10.
    AmiAge,
    /// IMG-11.
    AmiName,
    /// IMG-13.
    BillingProduct,
    /// IMG-15.
    BootMode,
    /// IMG-16.
    PublicSharing,
    /// IMG-19.
    ExtraVolumes,
    /// PRD-08.
    UsageInstructions,
    /// PRD-10.
    SecurityGroups,
    /// PRD-11.
    Encryption,
    /// PRD-16.
    ListingDetails,
    /// FIN-01.
    OwnTraces,
}

/// How a failing guideline is mended: into which changes a finding turns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fix {
    /// Sets an sshd keyword where it takes effect, `Match` blocks included.
    Sshd {
        /// Lower-case keyword.
        keyword: String,
        /// The value to set.
        value: String,
    },
    /// Removes what the finding observed (a directory with all that is in it). Of what `absent.lines` forbids only the
    /// lines go, and of a URL only user and password.
    Remove,
    /// As `remove`; but when any of these places was observed, all of it is for a person.
    RemoveUnless {
        /// Patterns of paths.
        observed: Vec<String>,
        /// What the person has to do first, and why no program can: one or two sentences.
        why: String,
    },
    /// Takes out the secrets of a `swept` check: a file that is nothing but a secret goes, from a file of settings the line
    /// goes, and for anything else a person is told what to do. What a service's configuration names stays.
    TakeOut {
        /// Patterns of paths that are for a person.
        #[serde(default)]
        keep: Vec<String>,
        /// What the person has to do first, and why no program can: one or two sentences.
        #[serde(default)]
        why: String,
        /// Patterns of paths that hold nothing but a secret, whatever they look like.
        #[serde(default)]
        whole: Vec<String>,
    },
    /// Empties the files the finding observed; owner, mode and label stay.
    Truncate,
    /// Takes out the lines the finding observed; a file of which only blanks and comments would be left stays.
    DropLines,
    /// Masks the units the finding observed.
    Mask,
    /// Sets a top-level cloud-init key in the file that decides it, or in a drop-in of our own.
    CloudInit {
        /// The key.
        key: String,
        /// The value, as YAML.
        value: String,
    },
    /// Logic of its own, in the file of `change/own` named for it.
    Own(OwnFix),
}

/// Fixes with logic of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OwnFix {
    /// OSL-06: switches signature checks back on.
    Repositories,
    /// SSH-02: the name depends on the OpenSSH version.
    KeyboardInteractive,
    /// SSH-05: edits in `Match` blocks.
    MatchBlocks,
    /// SSH-06: drops password keys from cloud-init's configuration.
    CloudInitPasswords,
    /// SSH-07: enables the unit.
    SshdAtBoot,
    /// SSH-10: removes lists of trusted hosts and switches off what reads them.
    HostTrust,
    /// SSH-14: takes out the lines that trust somebody else.
    TrustAnchors,
    /// KEY-02: makes the next boot bring host keys.
    HostKeysAtFirstBoot,
    /// KEY-03: removes key files and the keys in cloud-init's configuration.
    AuthorizedKeys,
    /// ACC-01 to ACC-03: replaces password fields.
    Passwords,
    /// ACC-07: gives the default user sudo through cloud-init.
    SudoRights,
    /// ACC-08: clears forced expiry.
    PasswordExpiry,
    /// ACC-12: takes `nullok` off PAM's lines.
    PamNullok,
    /// ACC-13: removes what logs somebody in on a console.
    ConsoleAutologin,
    /// IDN-01: empties machine-id.
    MachineId,
    /// IDN-02: makes the D-Bus id a link.
    DbusMachineId,
    /// IDN-04: empties the name, takes out lines.
    Hostname,
    /// IDN-11: removes storage's names; iSCSI's depends on the distribution.
    StorageIds,
    /// IDN-06: removes what cloud-init writes anew, takes hardware addresses out of other files.
    NetworkBindings,
    /// BOT-01: adds `nofail` to lines of fstab.
    MountsPortable,
    /// BOT-02: adds DHCP for any wired card.
    NetworkAtBoot,
    /// IDN-09: removes what cloud-init writes anew.
    CloudInitLeftovers,
    /// BOT-13: has the next boot label every file.
    MandatoryAccess,
    /// LOG-01: empties live logs, removes rotated ones.
    Logs,
    /// LOG-02: empties login records.
    LoginRecords,
    /// LOG-12: removes swap files that nothing asks for.
    Swap,
}
