//! os-release and ELF headers as they are found.

#![expect(clippy::disallowed_methods, reason = "a program is made larger than it is")]

use proptest::prelude::*;

use super::super::fixture::Fixture;
use super::*;

#[test]
fn values_are_unquoted_as_a_shell_does() {
    let os = Os::parse(
        "# comment\nID=debian\nID_LIKE=\"rhel  fedora\"\nVERSION_ID='24.04'\nPRETTY_NAME=\"A \\\"b\\\" \\$c \\d\" # no\n\
         EMPTY=\nBARE=a\\ b c\nMIXED=a\"b c\"'d'\nOPEN=\"x\nnonsense\n  INDENTED=yes\nID=\"ubuntu\"\n",
    );
    assert_eq!(os.id, "ubuntu");
    assert_eq!(os.id_like, ["rhel", "fedora"]);
    assert_eq!(os.version_id, "24.04");
    assert_eq!(os.pretty_name, "A \"b\" $c \\d");
    let field = |name: &str| os.fields.get(name).map(String::as_str);
    assert_eq!(field("EMPTY"), Some(""));
    assert_eq!(field("BARE"), Some("a b"));
    assert_eq!(field("MIXED"), Some("ab cd"));
    assert_eq!(field("OPEN"), Some("x"));
    assert_eq!(field("INDENTED"), Some("yes"));
    assert_eq!(field("nonsense"), None);
    assert!(os.is_like("fedora") && os.is_like("ubuntu") && !os.is_like("debian"));
}

#[test]
fn the_file_of_the_vendor_serves_too() {
    let root = Fixture::bare();
    let error = root.image().os().unwrap_err().to_string();
    assert!(error.starts_with("cannot read /etc/os-release: it is not there"), "{error}");
    root.file("/usr/lib/os-release", "ID=amzn\n").link("/etc/os-release", "../usr/lib/none");
    assert_eq!(root.image().os().unwrap().id, "amzn");
    root.remove("/etc/os-release").fifo("/etc/os-release");
    assert!(root.image().os().unwrap_err().to_string().ends_with("it is a FIFO, not a regular file"));
}

#[test]
fn the_architecture_is_that_of_the_programs() {
    let header = |endian: u8, machine: [u8; 2]| {
        let mut header = vec![0u8; 64];
        header[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, endian]);
        header[18..20].copy_from_slice(&machine);
        header
    };
    assert_eq!(machine(&header(1, [62, 0])), Some("x86_64"));
    assert_eq!(machine(&header(1, [183, 0])), Some("aarch64"));
    assert_eq!(machine(&header(2, [0, 22])), Some("s390x"));
    assert_eq!(machine(b"\x7fELF"), None);
    assert_eq!(machine(b"#!/bin/sh"), None);
    let root = Fixture::bare();
    assert_eq!(root.image().arch(), None);
    // A script where the first is looked for; a program larger than what is ever read, behind a link.
    root.file("/usr/bin/env", "#!/bin/sh\n")
        .file("/usr/bin/dash", header(1, [183, 0]))
        .link("/bin/sh", "/usr/bin/dash");
    std::fs::File::options().write(true).open(root.outside("/usr/bin/dash")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(root.image().arch(), Some("aarch64"));
}

proptest! {
    #[test]
    fn nothing_panics(text in any::<String>(), header in any::<Vec<u8>>()) {
        Os::parse(&text);
        machine(&header);
    }
}
