//! Every keyword of `sshd_config`, as data, in the order `sshd -T` prints them.
//!
//! Facts are those of `servconf.c` from 7.4 to 10.3, and of the patches Debian, Red Hat and SUSE carry.

use super::algorithms::List;
use super::release::{Family, Release};

/// How the arguments of a keyword are read, and how its value is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of some words (case does not count), and what each is printed as.
    Choice(&'static [(&'static str, &'static str)]),
    /// As `Choice`, but case counts.
    ExactChoice(&'static [&'static str]),
    /// A time, in seconds.
    Seconds,
    /// A whole number from 0.
    Number,
    /// A path; a relative one hangs off the working directory, which is `/`.
    Path,
    /// One word as written.
    Word,
    /// One word in which a leading `~` stands for a home.
    TildeWord,
    /// A path or the name of the environment variable that holds it.
    Agent,
    /// A path or `internal`.
    Provider,
    /// The rest of the line, as written.
    Line,
    /// The rest of the line; an absolute path or `none`.
    Command,
    /// The rest of the line; `none` is nothing.
    Addendum,
    /// A list of algorithms, with `+`, `-` and `^`.
    Algorithms(List),
    /// A list of GSSAPI key exchange methods.
    GssapiKeyExchange,
    Port,
    Listen,
    HostKey,
    HostCertificate,
    /// `user@host` patterns; every line adds.
    Users,
    /// Patterns; every line adds.
    Groups,
    AcceptEnv,
    SetEnv,
    KeysFiles,
    LogVerbose,
    Methods,
    /// `host:port` pairs; `true`: a bare port is allowed.
    Forwards(bool),
    ChannelTimeout,
    UserEnvironment,
    PubkeyOptions,
    RekeyLimit,
    Ipqos,
    MaxStartups,
    NetBlock,
    SourceMax,
    Penalties,
    PenaltyExempt,
    Mask,
    UnusedTimeout,
    Subsystem,
    /// Needs what Linux does not have: always refused.
    Refused,
    /// Read and ignored.
    Ignored,
    Match,
    Include,
}

/// One keyword.
#[derive(Debug)]
pub(super) struct Keyword {
    /// Lower case; the current name.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// First version in which it may stand in a `Match` block.
    in_match: Option<(u32, u32)>,
    /// First version that knows it.
    since: (u32, u32),
    /// First version that no longer does.
    until: (u32, u32),
    /// Only in builds with the GSSAPI key exchange patch.
    patched: bool,
    /// First version that prints it, where it differs from `since`.
    printed: (u32, u32),
    /// The value when nothing sets it; words of a list separated by blanks. See also [`default`].
    default: &'static str,
}

const YES_NO: Kind = Kind::Choice(&[("yes", "yes"), ("no", "no")]);
const FORWARDING: Kind =
    Kind::Choice(&[("yes", "yes"), ("all", "yes"), ("no", "no"), ("remote", "remote"), ("local", "local")]);
const ALWAYS: (u32, u32) = (0, 0);
const NEVER: (u32, u32) = (u32::MAX, 0);

const fn global(name: &'static str, kind: Kind, default: &'static str) -> Keyword {
    Keyword { name, kind, in_match: None, since: ALWAYS, until: NEVER, patched: false, printed: ALWAYS, default }
}

const fn any(name: &'static str, kind: Kind, default: &'static str) -> Keyword {
    Keyword { in_match: Some(ALWAYS), ..global(name, kind, default) }
}

impl Keyword {
    const fn since(self, major: u32, minor: u32) -> Self {
        Self { since: (major, minor), ..self }
    }

    const fn until(self, major: u32, minor: u32) -> Self {
        Self { until: (major, minor), ..self }
    }

    const fn in_match_since(self, major: u32, minor: u32) -> Self {
        Self { in_match: Some((major, minor)), ..self }
    }

    const fn printed_since(self, major: u32, minor: u32) -> Self {
        Self { printed: (major, minor), ..self }
    }

    const fn patched(self) -> Self {
        Self { patched: true, ..self }
    }

    /// Whether `release` knows it.
    fn is_known(&self, release: Release) -> bool {
        let version = release.version;
        // Red Hat's 8.7 has it by backport.
        let too_early = self.name == "requiredrsasize" && version < (9, 1) && release.family != Family::RedHat;
        let is_built_in = !self.patched || release.has_gssapi_key_exchange();
        version >= self.since && version < self.until && is_built_in && !too_early
    }

    /// Whether `sshd -T` of `release` prints it.
    pub(super) fn is_printed(&self, release: Release) -> bool {
        self.is_known(release) && release.version >= self.printed
    }

    /// Whether it may stand in a `Match` block.
    pub(super) fn may_match(&self, release: Release) -> bool {
        self.in_match.is_some_and(|since| release.version >= since)
    }

    /// Whether what a `Match` block says replaces the server's value: until 8.5 `SetEnv` was allowed and forgotten.
    pub(super) fn is_copied(&self, release: Release) -> bool {
        self.may_match(release) && (self.name != "setenv" || release.since(8, 5))
    }

    /// The name `sshd -T` prints.
    pub(super) fn printed_name(&self, release: Release) -> &'static str {
        RENAMED
            .iter()
            .find(|(_, current, renamed)| *current == self.name && release.version < *renamed)
            .map_or(self.name, |(old, _, _)| old)
    }
}

/// Old name, current name, first version in which the current one is understood.
pub(super) const RENAMED: &[(&str, &str, (u32, u32))] = &[
    ("hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms", (8, 5)),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms", (8, 5)),
];

/// The alias, what it stands for, the versions that know it (from, until), whether it may stand in a `Match` block.
type Alias = (&'static str, &'static str, (u32, u32), (u32, u32), bool);

/// Other names.
const ALIASES: &[Alias] = &[
    ("hostdsakey", "hostkey", ALWAYS, NEVER, false),
    ("dsaauthentication", "pubkeyauthentication", ALWAYS, NEVER, false),
    ("keepalive", "tcpkeepalive", ALWAYS, NEVER, false),
    ("hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms", ALWAYS, NEVER, true),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms", ALWAYS, NEVER, true),
    ("challengeresponseauthentication", "kbdinteractiveauthentication", (8, 7), NEVER, true),
    ("skeyauthentication", "challengeresponseauthentication", ALWAYS, (7, 8), false),
    ("skeyauthentication", "kbdinteractiveauthentication", (8, 7), NEVER, true),
    ("gssapicleanupcreds", "gssapicleanupcredentials", ALWAYS, NEVER, false),
    ("rsaminsize", "requiredrsasize", (8, 7), (9, 0), true),
];

/// What a name in the file means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) keyword: &'static Keyword,
    /// It may stand in a `Match` block.
    pub(super) may_match: bool,
}

/// What `name` (in any case) means to `release`; `None` for a name it does not know.
pub(super) fn look_up(name: &str, release: Release) -> Option<Meaning> {
    let name = name.to_ascii_lowercase();
    let version = release.version;
    let known = |wanted: &str| TABLE.iter().find(|keyword| keyword.name == wanted && keyword.is_known(release));
    let renamed_later = RENAMED.iter().any(|(_, current, since)| *current == name && version < *since);
    if let Some(keyword) = known(&name)
        && !renamed_later
    {
        return Some(Meaning { keyword, may_match: keyword.may_match(release) });
    }
    let alias =
        ALIASES.iter().find(|(alias, _, since, until, _)| *alias == name && version >= *since && version < *until);
    if let Some((_, target, _, _, may_match)) = alias {
        return known(target).map(|keyword| Meaning { keyword, may_match: *may_match });
    }
    let of_vendor = if release.family == Family::RedHat { RED_HAT } else { &[] };
    let (_, may_match) = IGNORED.iter().chain(of_vendor).find(|(ignored, _)| *ignored == name)?;
    // Unknown again in the newest versions.
    if name == "pamauthenticationviakbdint" && release.since(10, 4) {
        return None;
    }
    Some(Meaning { keyword: &IGNORED_KEYWORD, may_match: *may_match })
}

static IGNORED_KEYWORD: Keyword = any("", Kind::Ignored, "");

/// Names that are read and ignored, and whether they may stand in a `Match` block.
const IGNORED: &[(&str, bool)] = &[
    ("pamauthenticationviakbdint", false),
    ("serverkeybits", false),
    ("keyregenerationinterval", false),
    ("rhostsauthentication", false),
    ("rhostsrsaauthentication", true),
    ("rsaauthentication", true),
    ("kerberosgetafstoken", false),
    ("kerberostgtpassing", false),
    ("afstokenpassing", false),
    ("gssusesessionccache", false),
    ("gssapiusesessioncredcache", false),
    ("skeyauthentication", false),
    ("checkmail", false),
    ("uselogin", false),
    ("protocol", false),
    ("verifyreversemapping", false),
    ("reversemappingcheck", false),
    ("authorizedkeysfile2", true),
    ("useprivilegeseparation", false),
];

/// Keywords of Red Hat's patches, whose values no guideline asks for: read and not printed.
const RED_HAT: &[(&str, bool)] = &[
    ("exposeauthenticationmethods", true),
    ("gssapienablek5users", true),
    ("gssapiindicators", true),
    ("kerberosuniqueccache", false),
    ("kerberosusekuserok", true),
    ("showpatchlevel", false),
];

/// The value of `keyword` when nothing sets it, one word or a list separated by blanks.
pub(super) fn default(keyword: &Keyword, release: Release) -> String {
    let debian = release.family == Family::Debian;
    let suse = release.family == Family::Suse;
    let value = match keyword.name {
        "usepam" if suse => "yes",
        // SUSE compiles root's password in until the 10.x packages of SLES 16.
        "permitrootlogin" if suse && !release.since(10, 0) => "yes",
        "permitrootlogin" if release.since(10, 1) => "prohibit-password",
        "kbdinteractiveauthentication" if !release.since(8, 7) => "no",
        "gssapistrictacceptorcheck" if !release.since(7, 5) && release.family == Family::Upstream => "no",
        "pidfile" if debian => "/run/sshd.pid",
        "hostkey" if !release.since(7, 7) => {
            "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_dsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key"
        }
        "ipqos" if debian && !release.since(10, 0) => "lowdelay throughput",
        "ipqos" if debian && !release.since(10, 1) => "ef cs1",
        "ipqos" if !release.since(7, 8) => "lowdelay throughput",
        "ipqos" if release.since(10, 1) => "ef cs0",
        "sshdsessionpath" if debian => "/usr/lib/openssh/sshd-session",
        "sshdsessionpath" if release.family == Family::RedHat => "/usr/libexec/openssh/sshd-session",
        "sshdsessionpath" if suse => "/usr/libexec/ssh/sshd-session",
        "sshdauthpath" if debian => "/usr/lib/openssh/sshd-auth",
        "sshdauthpath" if release.family == Family::RedHat => "/usr/libexec/openssh/sshd-auth",
        "sshdauthpath" if suse => "/usr/libexec/ssh/sshd-auth",
        // Until 9.5 nothing is printed when no timeout is set.
        "channeltimeout" if !release.since(9, 5) => "",
        _ => keyword.default,
    };
    value.to_owned()
}

const NONE: &str = "none";

/// Every keyword that has a value, in the order `sshd -T` prints them.
pub(super) static TABLE: &[Keyword] = &[
    global("port", Kind::Port, "22"),
    global("addressfamily", Kind::Choice(&[("inet", "inet"), ("inet6", "inet6"), ("any", "any")]), "any"),
    global("listenaddress", Kind::Listen, ""),
    global("usepam", YES_NO, "no"),
    any("pamservicename", Kind::Word, "sshd").since(9, 8),
    global("logingracetime", Kind::Seconds, "120"),
    any("x11displayoffset", Kind::Number, "10"),
    any("maxauthtries", Kind::Number, "6"),
    any("maxsessions", Kind::Number, "10"),
    any("clientaliveinterval", Kind::Seconds, "0"),
    any("clientalivecountmax", Kind::Number, "3"),
    any("requiredrsasize", Kind::Number, "1024").since(8, 7),
    any("streamlocalbindmask", Kind::Mask, "0177"),
    any("unusedconnectiontimeout", Kind::UnusedTimeout, NONE).since(9, 2),
    any("permitrootlogin", ROOT_LOGIN, "without-password"),
    global(
        "ignorerhosts",
        Kind::Choice(&[("yes", "yes"), ("no", "no"), ("shosts-only", "shosts-only")]),
        "yes",
    )
    .in_match_since(8, 3),
    global("ignoreuserknownhosts", YES_NO, "no"),
    any("hostbasedauthentication", YES_NO, "no"),
    any("hostbasedusesnamefrompacketonly", YES_NO, "no"),
    any("pubkeyauthentication", YES_NO, "yes"),
    any("kerberosauthentication", YES_NO, "no"),
    global("kerberosorlocalpasswd", YES_NO, "yes"),
    global("kerberosticketcleanup", YES_NO, "yes"),
    any("gssapiauthentication", YES_NO, "no"),
    global("gssapicleanupcredentials", YES_NO, "yes"),
    global("gssapikeyexchange", YES_NO, "no").patched(),
    global("gssapistrictacceptorcheck", YES_NO, "yes"),
    global("gssapistorecredentialsonrekey", YES_NO, "no").patched(),
    global(
        "gssapikexalgorithms",
        Kind::GssapiKeyExchange,
        "gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,gss-curve25519-sha256-,gss-group14-sha1-,gss-gex-sha1-",
    )
    .patched(),
    any("passwordauthentication", YES_NO, "yes"),
    any("kbdinteractiveauthentication", YES_NO, "yes"),
    global("challengeresponseauthentication", YES_NO, "yes").until(8, 7),
    global("printmotd", YES_NO, "yes"),
    global("printlastlog", YES_NO, "yes"),
    any("x11forwarding", YES_NO, "no"),
    any("x11uselocalhost", YES_NO, "yes"),
    any("permittty", YES_NO, "yes"),
    any("permituserrc", YES_NO, "yes"),
    global("strictmodes", YES_NO, "yes"),
    global("tcpkeepalive", YES_NO, "yes"),
    any("permitemptypasswords", YES_NO, "no"),
    global("permituserenvironment", YES_NO, "no").until(7, 8),
    global("compression", Kind::Choice(&[("yes", "yes"), ("delayed", "yes"), ("no", "no")]), "yes"),
    any(
        "gatewayports",
        Kind::Choice(&[("clientspecified", "clientspecified"), ("yes", "yes"), ("no", "no")]),
        "no",
    ),
    global("usedns", YES_NO, "no"),
    any("allowtcpforwarding", FORWARDING, "yes"),
    any("allowagentforwarding", YES_NO, "yes"),
    any("disableforwarding", YES_NO, "no"),
    any("allowstreamlocalforwarding", FORWARDING, "yes"),
    any("streamlocalbindunlink", YES_NO, "no"),
    global("fingerprinthash", DIGEST, "SHA256"),
    any("exposeauthinfo", YES_NO, "no").since(7, 6),
    any("refuseconnection", YES_NO, "no").since(9, 9),
    // A Debian keyword: not printed by 9.2, printed by 9.6.
    global("debianbanner", YES_NO, "yes").patched().printed_since(9, 3),
    global("pidfile", Kind::Path, "/var/run/sshd.pid"),
    global("modulifile", Kind::Path, "/etc/ssh/moduli").since(8, 6),
    global("xauthlocation", Kind::Path, "/usr/bin/xauth"),
    global("ciphers", Kind::Algorithms(List::Ciphers), ""),
    global("macs", Kind::Algorithms(List::Macs), ""),
    any("banner", Kind::Path, NONE),
    any("forcecommand", Kind::Line, NONE),
    any("chrootdirectory", Kind::Word, NONE),
    any("trustedusercakeys", Kind::Path, NONE),
    any("revokedkeys", Kind::Path, NONE).until(10, 3),
    global("securitykeyprovider", Kind::Provider, "internal").since(8, 2),
    any("authorizedprincipalsfile", Kind::TildeWord, NONE),
    global("versionaddendum", Kind::Addendum, NONE),
    any("authorizedkeyscommand", Kind::Command, NONE),
    any("authorizedkeyscommanduser", Kind::Word, NONE),
    any("authorizedprincipalscommand", Kind::Command, NONE),
    any("authorizedprincipalscommanduser", Kind::Word, NONE),
    global("hostkeyagent", Kind::Agent, NONE),
    global("kexalgorithms", Kind::Algorithms(List::Kex), ""),
    any("casignaturealgorithms", Kind::Algorithms(List::CaSignatures), "").since(7, 9),
    any("hostbasedacceptedalgorithms", Kind::Algorithms(List::Keys), ""),
    global("hostkeyalgorithms", Kind::Algorithms(List::Keys), ""),
    any("pubkeyacceptedalgorithms", Kind::Algorithms(List::Keys), ""),
    any("rdomain", Kind::Refused, NONE).since(7, 7).printed_since(u32::MAX, 0),
    global("sshdsessionpath", Kind::Path, "/usr/libexec/sshd-session").since(9, 8),
    global("sshdauthpath", Kind::Path, "/usr/libexec/sshd-auth").since(10, 0),
    global("persourcepenaltyexemptlist", Kind::PenaltyExempt, NONE).since(9, 8),
    global("loglevel", LOG_LEVEL, "INFO").in_match_since(7, 6),
    global("syslogfacility", FACILITY, "AUTH"),
    any("authorizedkeysfile", Kind::KeysFiles, ".ssh/authorized_keys .ssh/authorized_keys2"),
    any("revokedkeys", Kind::Path, NONE).since(10, 3),
    global(
        "hostkey",
        Kind::HostKey,
        "/etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_ed25519_key",
    ),
    global("hostcertificate", Kind::HostCertificate, ""),
    any("allowusers", Kind::Users, ""),
    any("denyusers", Kind::Users, ""),
    any("allowgroups", Kind::Groups, ""),
    any("denygroups", Kind::Groups, ""),
    any("acceptenv", Kind::AcceptEnv, ""),
    any("setenv", Kind::SetEnv, "").since(7, 8),
    any("authenticationmethods", Kind::Methods, "any"),
    any("logverbose", Kind::LogVerbose, "").since(8, 5),
    any("channeltimeout", Kind::ChannelTimeout, NONE).since(9, 2),
    global("subsystem", Kind::Subsystem, "").in_match_since(9, 5),
    global("maxstartups", Kind::MaxStartups, "10:30:100"),
    global("persourcemaxstartups", Kind::SourceMax, NONE).since(8, 5),
    global("persourcenetblocksize", Kind::NetBlock, "32:128").since(8, 5),
    any("permittunnel", Kind::ExactChoice(&["no", "point-to-point", "ethernet", "yes"]), "no"),
    any("ipqos", Kind::Ipqos, "af21 cs1"),
    any("rekeylimit", Kind::RekeyLimit, "0 0"),
    any("permitopen", Kind::Forwards(false), "any"),
    any("permitlisten", Kind::Forwards(true), "any").since(7, 8),
    global("permituserenvironment", Kind::UserEnvironment, "no").since(7, 8),
    any("pubkeyauthoptions", Kind::PubkeyOptions, NONE).since(8, 2),
    global("persourcepenalties", Kind::Penalties, "").since(9, 8),
    any("match", Kind::Match, "").printed_since(u32::MAX, 0),
    // Red Hat's 8.0 knows it by backport since RHEL 8.6; `Release` cannot tell, so it is given the benefit.
    any("include", Kind::Include, "").since(8, 0).printed_since(u32::MAX, 0),
];

const ROOT_LOGIN: Kind = Kind::Choice(&[
    ("without-password", "without-password"),
    ("prohibit-password", "without-password"),
    ("forced-commands-only", "forced-commands-only"),
    ("yes", "yes"),
    ("no", "no"),
]);

const DIGEST: Kind =
    Kind::Choice(&[("md5", "MD5"), ("sha1", "SHA1"), ("sha256", "SHA256"), ("sha384", "SHA384"), ("sha512", "SHA512")]);

const LOG_LEVEL: Kind = Kind::Choice(&[
    ("silent", "SILENT"),
    ("quiet", "SILENT"),
    ("fatal", "FATAL"),
    ("error", "ERROR"),
    ("info", "INFO"),
    ("verbose", "VERBOSE"),
    ("debug", "DEBUG"),
    ("debug1", "DEBUG"),
    ("debug2", "DEBUG2"),
    ("debug3", "DEBUG3"),
]);

const FACILITY: Kind = Kind::Choice(&[
    ("daemon", "DAEMON"),
    ("user", "USER"),
    ("auth", "AUTH"),
    ("authpriv", "AUTHPRIV"),
    ("local0", "LOCAL0"),
    ("local1", "LOCAL1"),
    ("local2", "LOCAL2"),
    ("local3", "LOCAL3"),
    ("local4", "LOCAL4"),
    ("local5", "LOCAL5"),
    ("local6", "LOCAL6"),
    ("local7", "LOCAL7"),
]);
