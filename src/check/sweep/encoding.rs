//! Texts whose bytes are not what the rules read: UTF-16 (RFC 2781), with a byte order mark or without, and lines that end
//! in CR alone. They are told by how they begin, and put into UTF-8 with newlines piece by piece.

use std::borrow::Cow;

/// How much of the beginning is looked at.
const HEAD: usize = 4096;

/// Fewer units than this say nothing.
const FEW: usize = 8;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    units: Units,
    /// Lines end in CR, at least in part.
    returns: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Units {
    Bytes,
    Little,
    Big,
}

impl Form {
    /// How the text that begins with `head` is written; `None` when it is as the rules read it, or no text.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let units = units(head);
        if units != Units::Bytes {
            let mut text = Vec::new();
            let sample = head.get(..HEAD).unwrap_or(head);
            Converter::new(Self { units, returns: false }).convert(sample, &mut text);
            return Some(Self { units, returns: has_returns(&text) });
        }
        // A disk image may begin with a few of them.
        (has_returns(head) && memchr::memchr(0, head).is_none()).then_some(Self { units, returns: true })
    }

    /// Whether the bytes themselves hold no word of it.
    pub(super) fn is_wide(self) -> bool {
        self.units != Units::Bytes
    }
}

fn has_returns(text: &[u8]) -> bool {
    memchr::memchr(b'\n', text).is_none() && memchr::memchr(b'\r', text).is_some()
}

fn units(head: &[u8]) -> Units {
    match head {
        [0xff, 0xfe, ..] => return Units::Little,
        [0xfe, 0xff, ..] => return Units::Big,
        [0, byte, ..] | [byte, 0, ..] if is_text(*byte) => {}
        _ => return Units::Bytes,
    }
    let pairs = head.get(..HEAD).unwrap_or(head).as_chunks::<2>().0;
    let mostly = |fits: fn(&&[u8; 2]) -> bool| pairs.iter().filter(fits).count() >= pairs.len() / 4 * 3;
    if pairs.len() < FEW {
        Units::Bytes
    } else if mostly(|[low, high]| *high == 0 && is_text(*low)) {
        Units::Little
    } else if mostly(|[high, low]| *high == 0 && is_text(*low)) {
        Units::Big
    } else {
        Units::Bytes
    }
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// The beginning of a text, in UTF-8 when it is UTF-16.
pub(super) fn readable(head: &[u8]) -> Cow<'_, [u8]> {
    match Form::of(head) {
        Some(form) if form.is_wide() => {
            let mut text = Vec::new();
            Converter::new(form).convert(head.get(..HEAD).unwrap_or(head), &mut text);
            Cow::Owned(text)
        }
        _ => Cow::Borrowed(head),
    }
}

/// Puts a text that comes in pieces into UTF-8 with newlines.
#[derive(Debug)]
pub(super) struct Converter {
    form: Form,
    /// The first byte of a unit whose second has not come yet.
    half: Option<u8>,
    /// The first unit of a surrogate pair.
    high: Option<u16>,
    /// The last character was CR.
    after_return: bool,
}

impl Converter {
    pub(super) fn new(form: Form) -> Self {
        Self { form, half: None, high: None, after_return: false }
    }

    /// The most bytes that `length` bytes become.
    pub(super) fn most(length: usize) -> usize {
        length / 2 * 3 + 6
    }

    /// Forgets what came before: what comes next stands at `offset` of the file.
    pub(super) fn begin_at(&mut self, offset: u64) {
        *self = Self::new(self.form);
        if self.form.is_wide() && offset % 2 == 1 {
            // The second half of a unit in a hole.
            self.half = Some(0);
        }
    }

    /// Appends what `bytes` say to `text`.
    pub(super) fn convert(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        for &byte in bytes {
            let unit = match (self.form.units, self.half.take()) {
                (Units::Bytes, _) => {
                    self.line_end(byte, text);
                    continue;
                }
                (_, None) => {
                    self.half = Some(byte);
                    continue;
                }
                (Units::Little, Some(first)) => u16::from_le_bytes([first, byte]),
                (Units::Big, Some(first)) => u16::from_be_bytes([first, byte]),
            };
            self.unit(unit, text);
        }
    }

    fn unit(&mut self, unit: u16, text: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            let pair = char::decode_utf16([high, unit]).next().and_then(Result::ok);
            push(pair.unwrap_or(char::REPLACEMENT_CHARACTER), text);
            if pair.is_some() {
                return;
            }
        }
        match unit {
            0xfeff => {}
            0xd800..=0xdbff => self.high = Some(unit),
            _ => match u8::try_from(unit).ok().filter(u8::is_ascii) {
                Some(byte) => self.line_end(byte, text),
                None => push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER), text),
            },
        }
    }

    /// Writes one byte, with a newline for what ends a line.
    fn line_end(&mut self, byte: u8, text: &mut Vec<u8>) {
        let after_return = std::mem::replace(&mut self.after_return, self.form.returns && byte == b'\r');
        match byte {
            b'\r' if self.form.returns => text.push(b'\n'),
            b'\n' if after_return => {}
            _ => text.push(byte),
        }
    }
}

fn push(char: char, text: &mut Vec<u8>) {
    text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn forms_are_told_by_how_they_begin() {
        let form = |bytes: &[u8]| Form::of(bytes).map(|form| (form.units, form.returns));
        let text = "password = a\r\nuser = b\r\n";
        assert_eq!(form(text.as_bytes()), None);
        assert_eq!(form(&wide(text, u16::to_le_bytes)), Some((Units::Little, false)));
        assert_eq!(form(&wide(text, u16::to_be_bytes)), Some((Units::Big, false)));
        assert_eq!(form(&wide("\u{feff}\u{444}", u16::to_be_bytes)), Some((Units::Big, false)));
        assert_eq!(form(&wide("\u{feff}one\rtwo", u16::to_le_bytes)), Some((Units::Little, true)));
        assert_eq!(form(b"one\rtwo\r"), Some((Units::Bytes, true)));
        assert_eq!(form(b"one\rtwo\0"), None);
        for bytes in [&b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0"[..], b"", b"a", b"a\0", &[0; 64]]
        {
            assert_eq!(form(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_whatever_the_pieces(text in "[a-zé\u{1f511}\n]{8,80}", big in any::<bool>(), step in 1..40_usize) {
            let bytes = wide(&format!("\u{feff}{text}"), if big { u16::to_be_bytes } else { u16::to_le_bytes });
            let mut converter = Converter::new(Form::of(&bytes).unwrap());
            let mut back = Vec::new();
            for piece in bytes.chunks(step) {
                let before = back.len();
                converter.convert(piece, &mut back);
                prop_assert!(back.len() - before <= Converter::most(piece.len()));
            }
            prop_assert_eq!(String::from_utf8(back).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), offset in any::<u64>()) {
            for units in [Units::Bytes, Units::Little, Units::Big] {
                let mut converter = Converter::new(Form { units, returns: true });
                converter.begin_at(offset);
                let mut text = Vec::new();
                converter.convert(&bytes, &mut text);
                prop_assert!(text.len() <= Converter::most(bytes.len()));
            }
            readable(&bytes);
        }
    }
}
