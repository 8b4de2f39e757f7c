//! Numbers and strings with their lengths before them, most significant byte first, as SSH, Java and Kerberos write them.

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire<'b>(pub(super) &'b [u8]);

impl<'b> Wire<'b> {
    /// The next `length` bytes; `None` when fewer are left.
    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<usize> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes).map(usize::from)
    }

    pub(super) fn u32(&mut self) -> Option<usize> {
        let number = self.take(4)?.try_into().ok().map(u32::from_be_bytes)?;
        usize::try_from(number).ok()
    }

    /// Bytes after their number in 16 bits.
    pub(super) fn short(&mut self) -> Option<&'b [u8]> {
        let length = self.u16()?;
        self.take(length)
    }

    /// Bytes after their number in 32 bits.
    pub(super) fn string(&mut self) -> Option<&'b [u8]> {
        let length = self.u32()?;
        self.take(length)
    }
}

/// How many bits `number` has, which begins with its most significant byte.
pub(super) fn bits(number: &[u8]) -> usize {
    match number.iter().position(|&byte| byte != 0) {
        Some(start) => {
            let first = number.get(start).map_or(0, |byte| byte.leading_zeros() as usize);
            (number.len() - start) * 8 - first
        }
        None => 0,
    }
}
