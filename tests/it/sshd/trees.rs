//! Configuration trees made from a seed: the stock shapes of the distributions, drop-ins, `Include` at odd places,
//! `Match` blocks of every kind, and every way of writing a line.

use seaworthy::image::sshd::Connection;

/// A small generator (splitmix64): the same seed gives the same tree on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Files and links below `/etc/ssh`.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) links: Vec<(String, String)>,
}

pub(super) const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
    sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
    admin:x:1000:1000::/home/admin:/bin/bash\n\
    deploy:x:1001:1001::/home/deploy:/bin/bash\n\
    sftp1:x:1002:1002::/home/sftp1:/usr/sbin/nologin\n";

pub(super) const GROUP: &str = "root:x:0:\nnogroup:x:65534:\nsudo:x:27:admin\nwheel:x:10:admin,deploy\n\
    admin:x:1000:\ndeploy:x:1001:\nsftponly:x:1002:\nweb:x:1003:deploy,sftp1\n";

const DEBIAN: &str = "\n# This is the sshd server system-wide configuration file.\nInclude /etc/ssh/sshd_config.d/*.conf\n\n\
    #Port 22\n#PermitRootLogin prohibit-password\n#PasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
    UsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n";

const DEBIAN_OLD: &str = "Include /etc/ssh/sshd_config.d/*.conf\nChallengeResponseAuthentication no\nUsePAM yes\n\
    X11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n";

const RED_HAT: &str = "# To modify the system-wide sshd configuration, create a  *.conf  file under\n\
    Include /etc/ssh/sshd_config.d/*.conf\n#LoginGraceTime 2m\nAuthorizedKeysFile\t.ssh/authorized_keys\n\
    Subsystem\tsftp\t/usr/libexec/openssh/sftp-server\n";

const AMAZON: &str = "Include /etc/ssh/sshd_config.d/*.conf\nHostKey /etc/ssh/ssh_host_ed25519_key\n\
    SyslogFacility AUTHPRIV\nAuthorizedKeysFile .ssh/authorized_keys\nPasswordAuthentication no\n\
    PermitEmptyPasswords no\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding no\n\
    AcceptEnv LANG LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES\nAcceptEnv XMODIFIERS\n\
    Subsystem sftp /usr/libexec/openssh/sftp-server\nAuthorizedKeysCommand /opt/aws/bin/eic_run_authorized_keys %u %f\n\
    AuthorizedKeysCommandUser ec2-instance-connect\n";

const NO_INCLUDE: &str = "Port 22\nPermitRootLogin yes\nPasswordAuthentication yes\nChallengeResponseAuthentication no\n\
    UsePAM yes\nSubsystem sftp internal-sftp\n";

const LATE_INCLUDE: &str = "PermitRootLogin yes\nUsePAM yes\nPasswordAuthentication yes\n\
    Subsystem sftp internal-sftp\nInclude sshd_config.d/*.conf\n";

const SHAPES: &[&str] = &[DEBIAN, DEBIAN, DEBIAN_OLD, RED_HAT, AMAZON, NO_INCLUDE, LATE_INCLUDE];

const DROP_INS: &[&str] = &[
    "00-first.conf",
    "10-a.conf",
    "100-b.conf",
    "50-cloud-init.conf",
    "50-redhat.conf",
    "50.conf",
    "50_a.conf",
    "60-cloudimg-settings.conf",
    "9-z.conf",
    "99-last.conf",
    "A.conf",
    "_u.conf",
    "a.conf",
    "~t.conf",
    ".hidden.conf",
    "no.CONF",
    "old.conf.bak",
    "tilde.conf~",
];

const FLAGS: &[&str] = &[
    "PermitEmptyPasswords",
    "PubkeyAuthentication",
    "PasswordAuthentication",
    "KbdInteractiveAuthentication",
    "ChallengeResponseAuthentication",
    "X11Forwarding",
    "PermitTTY",
    "AllowAgentForwarding",
    "HostbasedAuthentication",
    "PasswordAuthentication",
    "PermitUserRC",
    "GSSAPIAuthentication",
    "DisableForwarding",
    "ExposeAuthInfo",
    "HostbasedUsesNameFromPacketOnly",
    "StreamLocalBindUnlink",
    "X11UseLocalhost",
    "KerberosAuthentication",
    "SkeyAuthentication",
];

const SERVER_FLAGS: &[&str] = &[
    "UsePAM",
    "UseDNS",
    "StrictModes",
    "PrintMotd",
    "PrintLastLog",
    "TCPKeepAlive",
    "KeepAlive",
    "IgnoreUserKnownHosts",
    "GSSAPICleanupCredentials",
    "DSAAuthentication",
    "GSSAPIKeyExchange",
    "GSSAPIStrictAcceptorCheck",
    "KerberosOrLocalPasswd",
    "KerberosTicketCleanup",
    "GSSAPIStoreCredentialsOnRekey",
];

/// A keyword with some of its values; the last one of a few is wrong.
const VALUES: &[(&str, &[&str])] = &[
    ("PermitRootLogin", &["yes", "no", "prohibit-password", "without-password", "forced-commands-only", "NO"]),
    ("LogLevel", &["INFO", "verbose", "DEBUG", "Debug1", "QUIET", "debug3"]),
    ("AllowTcpForwarding", &["yes", "no", "all", "local", "remote"]),
    ("AllowStreamLocalForwarding", &["yes", "all", "local"]),
    ("GatewayPorts", &["yes", "no", "clientspecified"]),
    ("MaxAuthTries", &["3", "6", "010", "0"]),
    ("MaxSessions", &["0", "4", "100"]),
    ("ClientAliveInterval", &["0", "300", "5m", "1h30m", "2W"]),
    ("ClientAliveCountMax", &["0", "3"]),
    ("X11DisplayOffset", &["10", "0", "99"]),
    ("AcceptEnv", &["LANG LC_*", "EDITOR", "A B C", "\"QUOTED\" X_*", "LANG"]),
    ("SetEnv", &["A=b", "A=\"b c\" D=e", "A=1 A=2 B=3", "PATH=/x:/y"]),
    ("AllowUsers", &["admin", "root deploy", "*@10.0.0.*", "admin@10.0.0.0/8 root", "\"a b\""]),
    ("DenyUsers", &["root", "games@*", "sftp1@!10.0.0.1,10.0.0.0/8"]),
    ("AllowGroups", &["sudo wheel", "web"]),
    ("DenyGroups", &["sftponly", "a b"]),
    ("AuthorizedKeysFile", &[".ssh/authorized_keys", "/etc/keys/%u .ssh/k2", "none", "~/.k", "\"with space/%u\""]),
    ("AuthorizedPrincipalsFile", &["none", "NONE", "/etc/p/%u", "~/p"]),
    ("AuthorizedKeysCommandUser", &["nobody", "root"]),
    ("Banner", &["none", "/etc/issue.net", "issue", "NONE", "\"/etc/my banner\""]),
    ("ForceCommand", &["none", "internal-sftp", "/bin/true # not a comment", "\"quoted\" 'x'", "None"]),
    ("ChrootDirectory", &["none", "/srv/%u", "NONE", "%h"]),
    ("PermitOpen", &["any", "none", "localhost:80 10.0.0.1:*", "[::1]:22", "host:99"]),
    ("PermitListen", &["any", "none", "8080", "localhost:80 *:22", "*"]),
    ("PermitTunnel", &["no", "yes", "point-to-point", "ethernet"]),
    ("IPQoS", &["af21 cs1", "lowdelay throughput", "EF", "0x10", "none", "cs0 0x04", "8 255"]),
    ("RekeyLimit", &["default none", "1G 1h", "16", "512M", "1.5K 60", "default 90"]),
    ("PubkeyAuthOptions", &["none", "touch-required", "verify-required touch-required"]),
    ("PubkeyAcceptedKeyTypes", &["+ssh-rsa", "ssh-ed25519,rsa-sha2-512", "-ecdsa*", "^ssh-rsa", "*ed25519*", "-*"]),
    ("PubkeyAcceptedAlgorithms", &["+ssh-rsa", "ssh-*", "^rsa-sha2-256", "-*cert*"]),
    ("HostbasedAcceptedAlgorithms", &["+ssh-rsa", "ssh-ed25519", "-rsa*"]),
    ("CASignatureAlgorithms", &["ssh-ed25519", "-rsa*", "+ssh-rsa", "ecdsa*"]),
    ("StreamLocalBindMask", &["0177", "0", "777", "022x"]),
    (
        "AuthenticationMethods",
        &["any", "publickey", "publickey,password publickey,keyboard-interactive:pam", "hostbased"],
    ),
    ("TrustedUserCAKeys", &["none", "/etc/ssh/ca.pub", "ca.pub"]),
    ("RevokedKeys", &["none", "/etc/ssh/revoked"]),
    ("IgnoreRhosts", &["yes", "no", "shosts-only"]),
    ("LogVerbose", &["kex.c:*:1000", "none", "a b"]),
    ("RequiredRSASize", &["2048", "1024"]),
    ("ChannelTimeout", &["none", "session:*=5m", "x11-connection=10s *=1h"]),
    ("UnusedConnectionTimeout", &["none", "0", "5m"]),
    ("AuthorizedKeysCommand", &["none", "/usr/bin/keys %u", "/usr/bin/k # x"]),
    ("AuthorizedPrincipalsCommand", &["none", "/usr/bin/p %u"]),
    ("AuthorizedPrincipalsCommandUser", &["nobody"]),
    ("RhostsRSAAuthentication", &["no"]),
    ("AuthorizedKeysFile2", &["x y"]),
];

const SERVER_VALUES: &[(&str, &[&str])] = &[
    ("Port", &["22", "2222", "022", "8022"]),
    ("ListenAddress", &["0.0.0.0", "::", "10.0.0.10:2222", "[::1]:22", "127.0.0.1", "fe80::1:2", "10.1", "[10.0.0.1]"]),
    ("AddressFamily", &["any", "inet", "any"]),
    ("HostKey", &["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key"]),
    ("HostCertificate", &["/etc/ssh/cert.pub"]),
    ("LoginGraceTime", &["120", "2m", "0", "1m30s", "30"]),
    ("SyslogFacility", &["AUTH", "authpriv", "LOCAL7"]),
    ("MaxStartups", &["10:30:100", "5", "10:30:60"]),
    ("PerSourceMaxStartups", &["none", "5"]),
    ("PerSourceNetBlockSize", &["24:64", "32:128"]),
    ("Compression", &["yes", "no", "delayed"]),
    ("Ciphers", &["aes256-ctr", "+aes128-cbc", "-aes*-ctr", "^aes256-gcm@openssh.com", "aes256-ctr,aes128-ctr"]),
    ("MACs", &["hmac-sha2-256", "-hmac-sha1*", "^hmac-sha2-512", "+hmac-md5"]),
    ("KexAlgorithms", &["curve25519-sha256", "+diffie-hellman-group14-sha1", "-*sha1*", "^ecdh-sha2-nistp256"]),
    ("HostKeyAlgorithms", &["+ssh-rsa", "ssh-ed25519", "^rsa-sha2-512", "-ecdsa*"]),
    ("FingerprintHash", &["md5", "sha256", "SHA256"]),
    ("PidFile", &["none", "/run/x.pid", "x.pid"]),
    ("XAuthLocation", &["none", "/usr/bin/xauth"]),
    ("VersionAddendum", &["none", "Hello World", "x # y"]),
    ("PermitUserEnvironment", &["yes", "no", "LANG,LC_*", "YES"]),
    ("UsePrivilegeSeparation", &["sandbox", "yes"]),
    ("Protocol", &["2"]),
    ("ServerKeyBits", &["1024"]),
    ("HostKeyAgent", &["none"]),
    ("SecurityKeyProvider", &["internal", "/usr/lib/sk.so"]),
    ("ModuliFile", &["/etc/ssh/moduli"]),
    ("GSSAPIKexAlgorithms", &["gss-group14-sha256-", "gss-gex-sha1-,gss-group14-sha1-"]),
    ("DebianBanner", &["no", "yes"]),
    ("Subsystem", &["scp /bin/scp", "netconf /usr/bin/netconf -v  \"a b\""]),
];

/// Lines that stop every sshd.
const WRONG: &[&str] = &[
    "PermitRotLogin no",
    "PermitRootLogin maybe",
    "Port 0",
    "Port 99999",
    "MaxAuthTries -1",
    "LoginGraceTime 5x",
    "Ciphers nothing",
    "PasswordAuthentication yes no",
    "PasswordAuthentication",
    "AllowUsers root@10.0.0.1/8",
    "Subsystem sftp",
    "Banner \"open",
    "ListenAddress 10.0.0.1:x",
    "PermitTunnel YES",
    "IPQoS wrong",
    "StreamLocalBindMask 9",
    "AcceptEnv A=b",
    "SetEnv A",
    "RekeyLimit 5",
    "LogLevel chatty",
    "MaxStartups 10:30",
    "AuthenticationMethods nonsense",
    "PermitOpen host",
    "Include",
    "Match",
    "Match user",
    "Match weather nice",
    "Match all user x",
    "Match address 10.0.0.1/8",
    "Match localport x",
    "RDomain none",
    "SyslogFacility X",
    "AuthorizedKeysCommand relative",
    "Match exec /bin/true",
    "UsePAM",
    "FingerprintHash crc",
    "PubkeyAuthOptions x",
];

const CRITERIA: &[(&str, &[&str])] = &[
    ("User", &["root", "admin", "a*", "!root,*", "deploy,sftp1", "nobody", "!admin", "ro?t"]),
    ("Group", &["sudo", "sftponly", "web", "wheel,!sudo", "*", "!wheel,*", "none"]),
    ("Host", &["*.example.com", "CLIENT.example.com", "!bad.example.com,*", "other"]),
    (
        "Address",
        &["10.0.0.0/8", "203.0.113.5", "10.0.0.*", "!10.0.0.5,*", "192.168.0.0/16,10.0.0.0/24", "2001:db8::/32", "::1"],
    ),
    ("LocalAddress", &["10.0.0.10", "10.0.0.0/24", "192.168.*"]),
    ("LocalPort", &["22", "2222"]),
];

/// Six connections, the first of them root's.
pub(super) fn connections(random: &mut Random) -> Vec<Connection> {
    let users = ["root", "admin", "deploy", "sftp1", "nobody", "stranger"];
    users
        .iter()
        .map(|user| Connection {
            user: (*user).to_owned(),
            host: random.pick(&["client.example.com", "Other", "bad.example.com"]).to_owned(),
            addr: random.pick(&["10.0.0.5", "203.0.113.5", "192.168.3.4", "2001:db8::5", "::1"]).to_owned(),
            laddr: random.pick(&["10.0.0.10", "192.168.1.1"]).to_owned(),
            lport: random.pick(&[22, 2222]),
        })
        .collect()
}

/// A whole tree.
pub(super) fn tree(random: &mut Random) -> Tree {
    let mut tree = Tree::default();
    let mut main = String::new();
    if random.chance(30) {
        lines(random, &mut main, 3, true);
    }
    main.push_str(random.pick(SHAPES));
    let count = random.below(6);
    lines(random, &mut main, count, true);
    if random.chance(20) {
        main.push_str(random.pick(&[
            "Include /etc/ssh/more.conf\n",
            "Include extra.d/*.conf more.conf\n",
            "include \"/etc/ssh/extra.d/[ab]*.conf\"\n",
            "Include /etc/ssh/nothing/*.conf\n",
            "Include=/etc/ssh/more.conf # again\n",
        ]));
    }
    for _ in 0..random.below(3) {
        block(random, &mut main);
    }
    if random.chance(10) {
        main.push_str("Match all\n");
        lines(random, &mut main, 2, true);
    }
    if random.chance(6) {
        main.push_str(random.pick(WRONG));
        main.push('\n');
    }
    add(random, &mut tree, "sshd_config", &main);
    for _ in 0..random.below(4) {
        let name = format!("sshd_config.d/{}", random.pick(DROP_INS));
        drop_in(random, &mut tree, &name);
    }
    for name in ["more.conf", "extra.d/a1.conf", "extra.d/b2.conf", "extra.d/c3.conf"] {
        if random.chance(70) {
            drop_in(random, &mut tree, name);
        }
    }
    if random.chance(3) {
        tree.links.push(("sshd_config.d/70-dangling.conf".to_owned(), "/nowhere".to_owned()));
    }
    if random.chance(10) {
        tree.links.push(("sshd_config.d/65-link.conf".to_owned(), "../more.conf".to_owned()));
        drop_in(random, &mut tree, "more.conf");
    }
    tree
}

fn drop_in(random: &mut Random, tree: &mut Tree, name: &str) {
    if tree.files.iter().any(|(known, _)| known == name) {
        return;
    }
    let mut text = String::new();
    let (count, in_match_only) = (1 + random.below(3), random.chance(20));
    lines(random, &mut text, count, !in_match_only);
    if random.chance(25) {
        block(random, &mut text);
    }
    add(random, tree, name, &text);
}

fn add(random: &mut Random, tree: &mut Tree, name: &str, text: &str) {
    let mut text = text.to_owned();
    if random.chance(8) {
        text = text.replace('\n', "\r\n");
    }
    if random.chance(15) {
        text.truncate(text.trim_end().len());
    }
    tree.files.push((name.to_owned(), text.into_bytes()));
}

/// A `Match` block.
fn block(random: &mut Random, text: &mut String) {
    text.push_str(random.pick(&["Match", "match", "  Match", "MATCH"]));
    for _ in 0..=random.below(2) {
        let (name, values) = random.pick(CRITERIA);
        let value = random.pick(values);
        let equals = random.pick(&[" ", "  ", "\t", " "]);
        let name = case(random, name);
        let value = if random.chance(10) { format!("\"{value}\"") } else { value.to_owned() };
        text.extend([" ", &name, equals, &value]);
    }
    if random.chance(10) {
        text.push_str(" # why");
    }
    text.push('\n');
    let count = 1 + random.below(4);
    lines(random, text, count, false);
    if random.chance(8) {
        text.push_str("    Include /etc/ssh/extra.d/c*.conf\n");
    }
}

fn lines(random: &mut Random, text: &mut String, count: usize, server: bool) {
    for _ in 0..count {
        let (name, value) = match random.below(if server { 10 } else { 6 }) {
            0..=2 => (random.pick(FLAGS), random.pick(&["yes", "no", "No", "YES"])),
            3..=5 => {
                let (name, values) = random.pick(VALUES);
                (name, random.pick(values))
            }
            6..=7 => (random.pick(SERVER_FLAGS), random.pick(&["yes", "no"])),
            _ => {
                let (name, values) = random.pick(SERVER_VALUES);
                (name, random.pick(values))
            }
        };
        line(random, text, name, value);
        if random.chance(1) {
            text.push_str(random.pick(WRONG));
            text.push('\n');
        }
    }
}

/// One line, written in one of many ways.
fn line(random: &mut Random, text: &mut String, name: &str, value: &str) {
    text.push_str(random.pick(&["", "", "", "  ", "\t", " \t "]));
    let name = case(random, name);
    let free_text = ["forcecommand", "authorizedkeyscommand", "authorizedprincipalscommand", "versionaddendum"]
        .contains(&name.to_lowercase().as_str());
    let written = match random.below(20) {
        0 => format!("{name}={value}"),
        1 => format!("{name} = {value}"),
        2 => format!("\"{name}\" {value}"),
        3 if !value.contains([' ', '"', '#']) => format!("{name} \"{value}\""),
        4 if !value.contains([' ', '"', '\'', '#', '\\']) => format!("{name} '{value}'"),
        5 => format!("{name}\t\t{value}"),
        _ => format!("{name} {value}"),
    };
    text.push_str(&written);
    if !free_text && random.chance(12) {
        text.push_str(random.pick(&[" # a comment", "\t#x", " #", "# glued"]));
    }
    text.push_str(random.pick(&["", "", "", "", " ", "\t", "\x0c"]));
    text.push('\n');
    if random.chance(5) {
        text.push_str(random.pick(&["\n", "# PermitRootLogin yes\n", "   \n", "#\n", "\t# indented\n"]));
    }
}

fn case(random: &mut Random, name: &str) -> String {
    match random.below(8) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        _ => name.to_owned(),
    }
}
