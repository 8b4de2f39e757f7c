//! The SSH wire format (RFC 4251 section 5): lengths before strings, big-endian numbers.

use super::Fault;

/// Reads one value after the other; every length is checked against what is there.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in crate::report) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes.
    pub(in crate::report) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| Fault::new("It ends too early."))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(in crate::report) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    pub(in crate::report) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(self.take(4)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// A string of bytes with its length before it.
    pub(in crate::report) fn string(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.u32()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// A positive number without leading zeros (`mpint`).
    pub(in crate::report) fn positive(&mut self) -> Result<&'a [u8], Fault> {
        let bytes = self.string()?;
        let number = match bytes {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => rest,
            [1..0x80, ..] => bytes,
            _ => return Err(Fault::new("A number in it is not well formed.")),
        };
        Ok(number)
    }

    /// Nothing may be left.
    pub(in crate::report) fn end(self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::new("There are extra bytes at its end.")) }
    }
}

/// Appends `bytes` with their length before them.
pub(in crate::report) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Nothing here comes near 4 GiB; a longer string would be cut short and then fail to verify.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a positive number given as big-endian bytes.
pub(in crate::report) fn put_positive(out: &mut Vec<u8>, number: &[u8]) {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let digits = number.get(start..).unwrap_or_default();
    let mut padded = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_some_and(|first| *first >= 0x80) {
        padded.push(0);
    }
    padded.extend_from_slice(digits);
    put_string(out, &padded);
}
