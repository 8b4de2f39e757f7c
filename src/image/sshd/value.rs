//! Single values as the program reads them: numbers, times, sizes, ports, service classes.

use super::pattern::parse_address;
use super::release::{Family, Release};

/// A whole number from 0 to 2³¹-1 (`strtonum`: leading blanks and `+` are let through).
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten().filter(|number| *number <= i32::MAX.unsigned_abs())
}

/// A time in seconds: numbers with `s`, `m`, `h`, `d`, `w`, added up (`sshd_config(5)`, TIME FORMATS).
pub(super) fn seconds(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let mut total: u32 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: u32 = number.parse().ok()?;
        let mut tail = tail.chars();
        let factor = match tail.next().map(|unit| unit.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            Some('w') => 7 * 24 * 60 * 60,
            Some(_) => return None,
        };
        rest = tail.as_str();
        total = total.checked_add(number.checked_mul(factor)?).filter(|total| *total <= i32::MAX.unsigned_abs())?;
    }
    Some(total)
}

/// A size in bytes with `K`, `M`, `G`, `T`, `P` or `E` (`scan_scaled`); a fraction is allowed.
pub(super) fn size(text: &str) -> Option<i64> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let (negative, text) = match text.split_at_checked(1) {
        Some(("-", rest)) => (true, rest),
        Some(("+", rest)) => (false, rest),
        _ => (false, text),
    };
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || whole.len() > 18 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut units = unit.chars();
    let factor: i64 = match units.next().map(|unit| unit.to_ascii_lowercase()) {
        None => return Some(if negative { -whole } else { whole }),
        Some('b') => 1,
        Some('k') => 1 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some('t') => 1 << 40,
        Some('p') => 1 << 50,
        Some('e') => 1 << 60,
        Some(_) => return None,
    };
    if units.next().is_some_and(|next| next.is_ascii_alphanumeric()) {
        return None;
    }
    let parts: i128 = fraction.bytes().take(17).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let scale = 10i128.pow(u32::try_from(fraction.len().min(17)).ok()?);
    let total = whole.checked_mul(factor)?.checked_add(i64::try_from(parts * i128::from(factor) / scale).ok()?)?;
    Some(if negative { -total } else { total })
}

/// A port number or the name of a TCP service in the image's `/etc/services`; 0 is a number here.
pub(super) fn port(text: &str, services: &str) -> Option<u16> {
    if let Some(port) = number(text) {
        return u16::try_from(port).ok();
    }
    services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?;
        (name == text || words.any(|alias| alias == text)).then(|| port.parse().ok()).flatten()
    })
}

/// Cuts `host:port` (or `host/port`); the port is `None` when there is no separator. `None` for an open bracket.
pub(super) fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = if text.starts_with('[') {
        text.split_at_checked(text.find(']')? + 1)?
    } else {
        text.split_at_checked(text.find([':', '/']).unwrap_or(text.len()))?
    };
    if rest.is_empty() {
        return Some((host, None));
    }
    rest.strip_prefix([':', '/']).map(|port| (host, Some(port)))
}

/// A host without the brackets around it.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

/// `host:port` as `sshd -T` prints a listening address; a name that needs a resolver stays as it is.
pub(super) fn listening(host: &str, port: u16) -> String {
    match parse_address(host) {
        Some(std::net::IpAddr::V6(v6)) => format!("[{v6}]:{port}"),
        Some(std::net::IpAddr::V4(v4)) => format!("{v4}:{port}"),
        None => format!("{host}:{port}"),
    }
}

const SERVICE_CLASSES: &[(&str, u8)] = &[
    ("af11", 0x28),
    ("af12", 0x30),
    ("af13", 0x38),
    ("af21", 0x48),
    ("af22", 0x50),
    ("af23", 0x58),
    ("af31", 0x68),
    ("af32", 0x70),
    ("af33", 0x78),
    ("af41", 0x88),
    ("af42", 0x90),
    ("af43", 0x98),
    ("cs0", 0x00),
    ("cs1", 0x20),
    ("cs2", 0x40),
    ("cs3", 0x60),
    ("cs4", 0x80),
    ("cs5", 0xa0),
    ("cs6", 0xc0),
    ("cs7", 0xe0),
    ("ef", 0xb8),
    ("le", 0x04),
];

/// The names from before DSCP (RFC 1349).
const OLD_CLASSES: &[(&str, u8)] = &[("lowdelay", 0x10), ("throughput", 0x08), ("reliability", 0x04)];

/// A service class as `sshd -T` prints it. Since 10.1, and in Debian's 10.0, the names from before DSCP count as `none`
/// and numbers are decimal.
pub(super) fn service_class(text: &str, release: Release) -> Option<String> {
    let modern = release.since(10, 1) || (release.family == Family::Debian && release.since(10, 0));
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    if is("none") || (modern && OLD_CLASSES.iter().any(|(name, _)| is(name))) {
        return Some("none".to_owned());
    }
    // Builds of before 8.7 took "le" to be 1, as their C library did not know it.
    let le = if release.since(8, 7) { 0x04 } else { 0x01 };
    let classes = SERVICE_CLASSES.iter().map(|(name, value)| (*name, if *name == "le" { le } else { *value }));
    let classes: Vec<(&str, u8)> = classes.chain(OLD_CLASSES.iter().copied().filter(|_| !modern)).collect();
    let named = classes.iter().find(|(name, _)| is(name)).map(|(_, value)| *value);
    let value = match named {
        Some(value) => value,
        None if modern => u8::try_from(number(text)?).ok()?,
        None => u8::try_from(c_integer(text)?).ok()?,
    };
    let name = classes.iter().find(|(_, known)| *known == value);
    Some(name.map_or_else(|| format!("0x{value:02x}"), |(name, _)| (*name).to_owned()))
}

/// A number as C writes it: decimal, octal after `0`, hexadecimal after `0x`.
fn c_integer(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

/// An octal mode up to 0777 as `sshd -T` prints it; what follows the digits is not looked at.
pub(super) fn octal(text: &str) -> Option<String> {
    let digits: String = text.chars().take_while(|digit| ('0'..='7').contains(digit)).collect();
    let mode = u32::from_str_radix(&digits, 8).ok().filter(|mode| *mode <= 0o777)?;
    Some(format!("0{mode:o}"))
}
