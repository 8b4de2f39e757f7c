//! What is mounted at boot: fstab(5), crypttab(5) and mount units (systemd.mount(5)).
//!
//! Pure readers of text; which devices a copy has, and whether the machine boots without them, is for the checks.

/// One line of fstab, or one mount unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// The line, from 1.
    pub line: u32,
    /// The device, file or server, as written but for `\040` and the like.
    pub what: String,
    /// Where; `none` or `swap` for swap.
    pub place: String,
    /// The type of file system.
    pub kind: String,
    /// The options.
    pub options: Vec<String>,
}

impl Mount {
    /// Whether one of its options is `name`, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.options
            .iter()
            .any(|option| option == name || option.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }
}

/// One line of crypttab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypt {
    /// The line, from 1.
    pub line: u32,
    /// The name it gets below `/dev/mapper`.
    pub name: String,
    /// The encrypted device.
    pub what: String,
    /// The file with the key; `-` or `none` when it is asked for.
    pub key: String,
    /// The options.
    pub options: Vec<String>,
}

/// The entries of an fstab, and the lines that are none: systemd and mount(8) pass those over, or fail.
pub fn fstab(text: &str) -> (Vec<Mount>, Vec<u32>) {
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    for (line, fields) in lines(text) {
        let [what, place, kind, rest @ ..] = fields.as_slice() else {
            odd.push(line);
            continue;
        };
        let options = rest.first().map_or_else(Vec::new, |options| options_of(options));
        found.push(Mount { line, what: decoded(what), place: decoded(place), kind: (*kind).to_owned(), options });
    }
    (found, odd)
}

/// The entries of a crypttab, and the lines that are none.
pub fn crypttab(text: &str) -> (Vec<Crypt>, Vec<u32>) {
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    for (line, fields) in lines(text) {
        let [name, what, rest @ ..] = fields.as_slice() else {
            odd.push(line);
            continue;
        };
        let key = rest.first().copied().unwrap_or("-").to_owned();
        let options = rest.get(1).map_or_else(Vec::new, |options| options_of(options));
        found.push(Crypt { line, name: (*name).to_owned(), what: decoded(what), key, options });
    }
    (found, odd)
}

/// What a mount unit says.
pub fn unit(text: &str) -> Mount {
    let mut mount = Mount { line: 1, ..Mount::default() };
    for (line, text) in (1u32..).zip(text.lines()) {
        let Some((key, value)) = text.trim().split_once('=') else { continue };
        let value = value.trim();
        match key.trim() {
            "What" => (mount.what, mount.line) = (value.to_owned(), line),
            "Where" => value.clone_into(&mut mount.place),
            "Type" => value.clone_into(&mut mount.kind),
            "Options" => mount.options = options_of(value),
            _ => {}
        }
    }
    mount
}

fn lines(text: &str) -> impl Iterator<Item = (u32, Vec<&str>)> {
    let numbered = (1u32..).zip(text.lines());
    let fields = numbered
        .map(|(line, text)| (line, text.split([' ', '\t']).filter(|field| !field.is_empty()).collect::<Vec<_>>()));
    fields.filter(|(_, fields)| fields.first().is_some_and(|first| !first.starts_with('#')))
}

fn options_of(field: &str) -> Vec<String> {
    field.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

/// `\040` for a blank and the like (getmntent(3)).
pub(super) fn decoded(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { rest.get(4..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_options_and_escapes() {
        let (found, odd) = fstab(
            "# c\nUUID=1 / ext4 defaults,discard 0 1\n\n /dev/xvdb\t/mnt\\040x  auto\tdefaults,nofail,comment=cloudconfig 0 2\nbad\n",
        );
        assert_eq!(odd, [5]);
        assert_eq!((found[1].line, found[1].place.as_str()), (4, "/mnt x"));
        assert!(found[1].has("nofail") && found[1].has("comment") && !found[1].has("comm"));
        assert_eq!(fstab("# UNCONFIGURED FSTAB FOR BASE SYSTEM\n"), (vec![], vec![]));
    }

    #[test]
    fn encrypted_devices_and_units() {
        let (found, odd) = crypttab("data UUID=2 /etc/key luks,nofail\nswap /dev/xvdb /dev/urandom swap\nx\n");
        assert_eq!((found.len(), found[0].key.as_str(), odd), (2, "/etc/key", vec![3]));
        let mount = unit("[Mount]\nWhat=/dev/xvdf\nWhere=/data\nType=xfs\nOptions=defaults,nofail\n");
        assert_eq!((mount.line, mount.what.as_str(), mount.has("nofail")), (2, "/dev/xvdf", true));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = (fstab(&text), crypttab(&text), unit(&text));
        }
        #[test]
        fn no_escape_panics(text in "[\\\\0-9a\u{e4}]{0,20}") {
            let _ = decoded(&text);
        }
    }
}
