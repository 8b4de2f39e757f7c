//! Wildcards, pattern lists and address lists of OpenSSH (`ssh_config(5)`, PATTERNS).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a list says of one string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A negated pattern matches: no.
    Negated,
    /// Nothing matches.
    Nothing,
    /// A pattern matches and no negated one does.
    Positive,
}

/// Longer patterns of a list never match: the program copies each into a buffer of 1024 bytes.
const LONGEST: usize = 1022;

/// Whether `text` matches `pattern` with `*` and `?`; in at most `text` × `pattern` steps, whatever the pattern.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut in_pattern) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(byte) if *byte == b'?' || text.get(at) == Some(byte) => {
                at += 1;
                in_pattern += 1;
            }
            _ => match star {
                Some((star_at, from)) => {
                    star = Some((star_at, from + 1));
                    at = from + 1;
                    in_pattern = star_at + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(in_pattern).all(|byte| *byte == b'*')
}

/// What the comma-separated `list` says of `text`; `lower` compares with the list in lower case.
pub(super) fn matches_list(text: &str, list: &str, lower: bool) -> Verdict {
    let mut found = Verdict::Nothing;
    // A comma at the very end adds no empty pattern.
    let list = list.strip_suffix(',').unwrap_or(list);
    if list.is_empty() {
        return found;
    }
    for part in list.split(',') {
        let (negated, pattern) = part.strip_prefix('!').map_or((false, part), |pattern| (true, pattern));
        if pattern.len() > LONGEST {
            return Verdict::Nothing;
        }
        let hit = if lower { matches(text, &pattern.to_ascii_lowercase()) } else { matches(text, pattern) };
        if hit && negated {
            return Verdict::Negated;
        }
        if hit {
            found = Verdict::Positive;
        }
    }
    found
}

/// What `list`, of addresses, CIDR networks and wildcards, says of the address `text`. `None` for `text` only checks
/// the list.
///
/// # Errors
/// When an entry is empty, or a mask is too long or leaves host bits set.
pub(super) fn matches_addresses(text: Option<&str>, list: &str) -> Result<Verdict, ()> {
    let address = match text.map(parse_address) {
        Some(None) => return Ok(Verdict::Nothing),
        Some(found) => found,
        None => None,
    };
    let mut found = Verdict::Nothing;
    for part in list.split(',') {
        let (negated, pattern) = part.strip_prefix('!').map_or((false, part), |pattern| (true, pattern));
        if pattern.is_empty() {
            return Err(());
        }
        let hit = match parse_network(pattern)? {
            Some((network, bits)) => address.is_some_and(|address| within(address, network, bits)),
            None => text.is_some_and(|text| matches(text, pattern)),
        };
        if hit && negated {
            return Ok(Verdict::Negated);
        }
        if hit {
            found = Verdict::Positive;
        }
    }
    Ok(found)
}

/// Whether `address` fits `list`, of addresses, CIDR networks and wildcards; a list with a mistake fits nothing.
pub fn is_from(address: &str, list: &str) -> bool {
    matches_addresses(Some(address), list) == Ok(Verdict::Positive)
}

/// A network and its mask length; `None` when it is none (then it is a wildcard).
fn parse_network(text: &str) -> Result<Option<(IpAddr, u32)>, ()> {
    // Longer text does not fit the program's buffer.
    if text.len() >= 64 {
        return Ok(None);
    }
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    let bits = match mask {
        None => None,
        Some(mask) => match mask.parse::<u32>() {
            Ok(bits) if bits <= 128 => Some(bits),
            _ => return Ok(None),
        },
    };
    let Some(address) = parse_address(host) else { return Ok(None) };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(longest);
    let host_bits_clear = bits <= longest && mask_off(address, bits) == address;
    if host_bits_clear { Ok(Some((address, bits))) } else { Err(()) }
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    address.is_ipv4() == network.is_ipv4() && mask_off(address, bits) == network
}

fn mask_off(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// A numeric address as getaddrinfo(3) reads it: the classic forms (`10`, `0x7f.1`) count as IPv4.
pub(super) fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv6Addr>().map(IpAddr::V6).ok().or_else(|| classic_ipv4(text).map(IpAddr::V4))
}

/// `inet_aton(3)`: one to four numbers, decimal, octal or hexadecimal; the last fills what is left.
fn classic_ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts = text.split('.').map(c_number).collect::<Option<Vec<u32>>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let left = 8 * (4 - u32::try_from(leading.len()).ok()?);
    if left < 32 && last >> left != 0 {
        return None;
    }
    let high = leading.iter().fold(0u32, |sum, part| sum << 8 | part);
    Some(Ipv4Addr::from_bits(high.checked_shl(left).unwrap_or(0) | last))
}

fn c_number(text: &str) -> Option<u32> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hex {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    all_digits.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}
