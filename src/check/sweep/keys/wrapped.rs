//! Armours that stand in base64 once more, as Kubernetes and cloud-init write them.

use super::body::{Wiped, decoded, is_base64};
use super::{Found, LONGEST, pem};

/// Base64 is decoded in steps of this, no further than the armour goes.
const STEP: usize = 1024;

/// The key whose words `PRIVATE KEY` stand in base64 at `bytes[at..]`, where `digit` digits of the same group stand before.
pub(super) fn private_key(bytes: &[u8], at: usize, digit: usize) -> Option<Found> {
    let before = bytes.get(at.saturating_sub(pem::BEFORE / 3 * 4)..at)?;
    let run = before.iter().rev().take_while(|&&byte| is_base64(byte)).count();
    let groups = run.checked_sub(digit)? / 4;
    let start = at.checked_sub(digit + groups * 4)?;
    let rest = bytes.get(start..)?;
    let digits = rest.get(..LONGEST).unwrap_or(rest).iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let mut digits = digits.take_while(|&digit| is_base64(digit));
    let mut plain = Wiped(Vec::with_capacity(LONGEST));
    loop {
        let step = Wiped(digits.by_ref().take(STEP).collect());
        plain.0.extend_from_slice(&decoded(&step.0)?.0);
        let words = memchr::memmem::find(plain.0.get(..2 * pem::BEFORE).unwrap_or(&plain.0), b"PRIVATE KEY")?;
        let label = plain.0.get(..words)?;
        memchr::memmem::find(label, b"--")?;
        let body = plain.0.get(words + "PRIVATE KEY-----".len()..).unwrap_or_default();
        if step.0.len() < STEP || memchr::memmem::find(body, b"----").is_some() {
            let found = pem::private_key(&plain.0, words)?;
            return Some(Found { text: format!("{}, in base64 once more", found.text), ..found });
        }
    }
}
