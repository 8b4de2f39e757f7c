//! The lines of the account files. As lenient as the C library where that decides who gets in (blanks before a line, `+0`
//! as a user id), and every departure from the manual is noted.

use std::collections::btree_map::Entry;

use super::{BTreeMap, Group, OsString, OsStringExt, Password, Path, PathBuf, Shadow, Stray, User};

/// Lines that are not of the form the manual gives: path and line.
type Odd = Vec<(PathBuf, u32)>;

/// The most odd lines that are noted of one file.
const ODD_LIMIT: usize = 1000;

/// Hands over the fields of each line of a file with its number, from 1, without its line break and the blanks before it.
/// `take` says whether it is of the form that the manual gives.
fn entries<'f>(file: &'static str, bytes: &'f [u8], odd: &mut Odd, mut take: impl FnMut(u32, &[&'f [u8]]) -> bool) {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return;
    }
    let mut noted = 0;
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        let entry = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        let is_proper = !entry.is_empty() && {
            let fields: Vec<_> = entry.splitn(FIELDS, |byte| *byte == b':').collect();
            take(number, &fields)
        };
        if (!is_proper || entry.len() != line.len()) && noted < ODD_LIMIT {
            odd.push((PathBuf::from(file), number));
            noted += 1;
        }
    }
}

/// Whether a line with this first field is no account: a comment, a NIS entry, or nameless.
fn is_nobody(name: &[u8]) -> bool {
    matches!(name.first(), None | Some(b'#' | b'+' | b'-'))
}

/// One field more than any of the files has.
const FIELDS: usize = 10;

/// A name as text, and whether it is a proper one.
fn name(field: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(field).into_owned();
    let proper = std::str::from_utf8(field).is_ok() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    (text, proper)
}

/// A user or group id as strtoul(3) reads it, and whether it is plainly written.
fn id(field: &[u8]) -> Option<(u32, bool)> {
    let text = std::str::from_utf8(field).ok()?;
    let trimmed = text.trim_start();
    let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
    // `+` was taken off once; `u32` would take another one.
    let number = if digits.starts_with('+') { None } else { digits.parse().ok() };
    number.map(|number| (number, digits.len() == text.len()))
}

pub(super) fn passwd(bytes: &[u8], odd: &mut Odd) -> Vec<User> {
    let mut users = Vec::new();
    entries("/etc/passwd", bytes, odd, |line, fields| {
        let [login, password, uid, gid, _, home, shell @ ..] = fields else { return false };
        if is_nobody(login) {
            return false;
        }
        let (Some((uid, plain)), Some((gid, plain_group))) = (id(uid), id(gid)) else { return false };
        let (name, proper) = name(login);
        users.push(User {
            name,
            uid,
            gid,
            home: path(home.to_vec()),
            // The C library takes all that is left of the line.
            shell: path(shell.join(&b':')),
            line,
            password: Password::of(password),
            shadow: None,
        });
        proper && plain && plain_group && shell.len() == 1
    });
    users
}

pub(super) fn group(bytes: &[u8], odd: &mut Odd) -> Vec<Group> {
    let mut groups = Vec::new();
    entries("/etc/group", bytes, odd, |line, fields| {
        let [group, password, gid, members @ ..] = fields else { return false };
        if is_nobody(group) {
            return false;
        }
        let Some((gid, plain)) = id(gid) else { return false };
        let (name, proper) = name(group);
        let listed = members.first().copied().unwrap_or_default().split(|byte| *byte == b',');
        let listed = listed.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty());
        groups.push(Group {
            name,
            gid,
            members: listed.map(|member| String::from_utf8_lossy(member).into_owned()).collect(),
            line,
            password: Password::of(password),
            gshadow_line: None,
        });
        proper && plain && members.len() == 1
    });
    groups
}

/// The entries of a shadow file: the first of each name, to be taken, and those nobody takes.
pub(super) struct Shadows<T> {
    file: &'static str,
    first: BTreeMap<String, T>,
    others: Vec<(String, T)>,
}

impl<T> Shadows<T> {
    fn new(file: &'static str, entries: Vec<(String, T)>) -> Self {
        let mut found = Self { file, first: BTreeMap::new(), others: Vec::new() };
        for (name, entry) in entries {
            match found.first.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(entry);
                }
                Entry::Occupied(place) => found.others.push((place.key().clone(), entry)),
            }
        }
        found
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.first.get(name)
    }

    /// The entries that are for none of `names`, in the order of the file.
    pub(super) fn strays<'n>(
        mut self,
        names: impl Iterator<Item = &'n str>,
        of: impl Fn(&T) -> (u32, Password),
    ) -> Vec<Stray> {
        for name in names {
            self.first.remove(name);
        }
        self.others.extend(self.first);
        let path = Path::new(self.file);
        let mut strays: Vec<Stray> = (self.others.into_iter())
            .map(|(name, entry)| (name, of(&entry)))
            .map(|(name, (line, password))| Stray { path: path.to_owned(), line, name, password })
            .collect();
        strays.sort_by_key(|stray| stray.line);
        strays
    }
}

/// Comments and the like are taken too: a hash in one is on the image all the same, and no user has such a name.
pub(super) fn shadow(bytes: &[u8], odd: &mut Odd) -> Shadows<Shadow> {
    const FILE: &str = "/etc/shadow";
    let mut found = Vec::new();
    entries(FILE, bytes, odd, |line, fields| {
        let [login, password, days @ ..] = fields else { return false };
        let (name, proper) = name(login);
        let day = |place: usize| days.get(place).and_then(|field| day(field));
        let shadow = Shadow {
            line,
            password: Password::of_shadow(password),
            is_barred: password.starts_with(b"!"),
            last_change: day(0),
            max_days: day(2),
            inactive_days: day(4),
            expires: day(5),
        };
        found.push((name, shadow));
        let numbers = days.iter().zip(0..6).all(|(field, place)| field.is_empty() || day(place).is_some());
        proper && !is_nobody(login) && numbers && days.len() == 7
    });
    Shadows::new(FILE, found)
}

pub(super) fn gshadow(bytes: &[u8], odd: &mut Odd) -> Shadows<(u32, Password)> {
    const FILE: &str = "/etc/gshadow";
    let mut found = Vec::new();
    entries(FILE, bytes, odd, |line, fields| {
        let [group, password, rest @ ..] = fields else { return false };
        let (name, proper) = name(group);
        found.push((name, (line, Password::of_shadow(password))));
        proper && !is_nobody(group) && rest.len() == 2
    });
    Shadows::new(FILE, found)
}

/// A field of days; `None` when it is empty or no number.
fn day(field: &[u8]) -> Option<i64> {
    std::str::from_utf8(field).ok()?.trim().parse().ok()
}

/// `UID_MIN` of login.defs(5): decimal, octal or hexadecimal; the last one counts.
pub(super) fn uid_min(text: &str) -> Option<u32> {
    let mut found = None;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() == Some("UID_MIN")
            && let Some(word) = words.next()
        {
            let number = if let Some(digits) = word.strip_prefix("0x") {
                u32::from_str_radix(digits, 16)
            } else if word.starts_with('0') {
                u32::from_str_radix(word, 8)
            } else {
                word.parse()
            };
            found = number.ok().or(found);
        }
    }
    found
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}
