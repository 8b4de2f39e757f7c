//! Forms that one text can take in a file.

use serde::Deserialize;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// Lines end with CR and LF.
    Crlf,
    /// Lines end with CR alone.
    Cr,
    /// UTF-8 with the mark that says so.
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Utf16LeBom,
    Utf16BeBom,
    /// In the middle of a program.
    Binary,
    /// At the end of one line of 100,000 bytes.
    LongLine,
    /// Followed by a line of 100,000 bytes.
    LongLineBehind,
}

/// Bytes that a program might hold: some zeros, no text of ten letters.
pub(crate) fn program(length: usize) -> Vec<u8> {
    let noise = (0..length as u64).map(|at| {
        let mixed = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if at % 9 == 8 { 0 } else { (mixed ^ mixed >> 29).to_le_bytes()[2] }
    });
    b"\x7fELF\x02\x01\x01\0".iter().copied().chain(noise).collect()
}

/// `length` bytes of lines that say nothing.
pub(crate) fn lines(length: usize) -> Vec<u8> {
    b"a line of no account, as long as many others are\n".iter().copied().cycle().take(length).collect()
}

impl Form {
    pub(crate) fn write(self, text: &str) -> Vec<u8> {
        let wide = |mark: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("{mark}{text}").encode_utf16().flat_map(bytes).collect()
        };
        let long = || "0,1,".repeat(25_000);
        match self {
            Self::Plain => text.as_bytes().to_vec(),
            Self::Crlf => text.replace('\n', "\r\n").into_bytes(),
            Self::Cr => text.replace('\n', "\r").into_bytes(),
            Self::Utf8Bom => format!("\u{feff}{text}").into_bytes(),
            Self::Utf16Le => wide("", u16::to_le_bytes),
            Self::Utf16Be => wide("", u16::to_be_bytes),
            Self::Utf16LeBom => wide("\u{feff}", u16::to_le_bytes),
            Self::Utf16BeBom => wide("\u{feff}", u16::to_be_bytes),
            Self::Binary => [&program(70_000), &b"\0"[..], text.as_bytes(), b"\0", &program(3000)].concat(),
            Self::LongLine => format!("[{} {text}", long()).into_bytes(),
            Self::LongLineBehind => format!("{text}\n[{}]", long()).into_bytes(),
        }
    }
}
