//! What comes after the words of a rule: characters, and sets of characters with how many of them, as in regular
//! expressions: `[0-9a-f]{8,17}`. Nothing else of those is needed, and so no pattern can take long: each character of a
//! file is looked at once.

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pattern(Vec<Part>);

/// So many of these characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    ranges: Vec<(u8, u8)>,
    least: usize,
    most: usize,
}

/// The most characters one part may stand for.
const MOST: usize = 4096;

impl Pattern {
    /// Understands `text`; `None` when it is no such pattern.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            let (ranges, after) = match first {
                b'[' => {
                    let end = after.iter().position(|&byte| byte == b']')?;
                    (ranges(after.get(..end)?)?, after.get(end + 1..)?)
                }
                b']' | b'{' | b'}' => return None,
                &byte => (vec![(byte, byte)], after),
            };
            let (least, most, after) = count(after)?;
            parts.push(Part { ranges, least, most });
            rest = after;
        }
        Some(Self(parts))
    }

    /// How many bytes at the beginning of `bytes` fit. Each part takes as many as it can get.
    pub(super) fn fit(&self, bytes: &[u8]) -> Option<usize> {
        let mut length = 0;
        for part in &self.0 {
            let rest = bytes.get(length..)?.iter().take(part.most);
            let fits = rest.take_while(|&&byte| part.ranges.iter().any(|&(low, high)| (low..=high).contains(&byte)));
            let fits = fits.count();
            if fits < part.least {
                return None;
            }
            length += fits;
        }
        Some(length)
    }
}

/// `a-z0-9_`; a `-` at the end stands for itself.
fn ranges(mut set: &[u8]) -> Option<Vec<(u8, u8)>> {
    let mut ranges = Vec::new();
    loop {
        set = match set {
            [] => return (!ranges.is_empty()).then_some(ranges),
            [low, b'-', high, rest @ ..] => {
                ranges.push((*low, *high));
                rest
            }
            [byte, rest @ ..] => {
                ranges.push((*byte, *byte));
                rest
            }
        };
    }
}

/// `{8}` or `{8,17}`, one when there is neither, and what comes after it.
fn count(bytes: &[u8]) -> Option<(usize, usize, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b"{") else { return Some((1, 1, bytes)) };
    let end = rest.iter().position(|&byte| byte == b'}')?;
    let text = str::from_utf8(rest.get(..end)?).ok()?;
    let (least, most) = text.split_once(',').unwrap_or((text, text));
    let (least, most) = (least.parse().ok()?, most.parse().ok()?);
    (least <= most && most <= MOST).then_some((least, most, rest.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_takes_what_fits() {
        for (pattern, text, expected) in [
            ("[0-9a-f]{8,17}", "0123456789abcdef01234", Some(17)),
            ("[0-9a-f]{8,17}", "0123456g", None),
            ("a-[b]{2}", "a-bb", Some(4)),
            ("[A-Za-z_-]{3}.", "a-_.", Some(4)),
            ("", "x", Some(0)),
            ("[0-9]{0,3}x", "x", Some(1)),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().fit(text.as_bytes()), expected, "{pattern}");
        }
        for wrong in ["[", "[]", "a{", "a{2,1}", "{2}", "a{99999}", "a{x}", "]"] {
            assert_eq!(Pattern::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_and_bytes_are_survived(pattern in "[a-c0-9{},\\[\\]-]{0,20}", bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            if let Some(length) = Pattern::parse(&pattern).and_then(|pattern| pattern.fit(&bytes)) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
