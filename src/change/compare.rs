//! What differs between two texts, as ranges of their lines or words. One kind of token and one algorithm for whatever is
//! compared: each further kind would be a copy of the algorithm in the program.

use std::collections::HashMap;
use std::time::Instant;

use similar::DiffOp;
use similar::algorithms::{Capture, Compact, Replace, myers};

/// What turns `old` into `new`. After `deadline` it is told coarser, never wrong.
pub(super) fn operations(old: &[&[u8]], new: &[&[u8]], deadline: Option<Instant>) -> Vec<DiffOp> {
    let mut numbers: HashMap<&[u8], usize> = HashMap::new();
    let mut number = |token| {
        let next = numbers.len();
        *numbers.entry(token).or_insert(next)
    };
    let old: Vec<usize> = old.iter().map(|token| number(*token)).collect();
    let new: Vec<usize> = new.iter().map(|token| number(*token)).collect();
    let mut found = Compact::new(Replace::new(Capture::new()), old.as_slice(), new.as_slice());
    let (all_old, all_new) = (0..old.len(), 0..new.len());
    // What captures cannot fail.
    let Ok(()) = myers::diff_deadline(&mut found, old.as_slice(), all_old, new.as_slice(), all_new, deadline);
    found.into_inner().into_inner().into_ops()
}
