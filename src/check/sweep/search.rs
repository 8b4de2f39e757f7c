//! Where any of many words stands, at the speed of memory: the only thing the sweep does to every byte of an image.
//!
//! Of each word the four bytes are chosen that are rarest in files. Those are sought by vector instructions ("Teddy", of
//! the crate `aho-corasick`), which find, in 32 bytes at once, the places where the half bytes fit one of eight buckets
//! of words; only there is anything compared. How fast that is depends on how seldom the buckets fit by chance: words
//! whose bytes are alike therefore share one. A hundred words cost three times what ten cost, where a state machine over
//! all bytes would cost twenty times as much.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, Span, packed};

/// So much of a word is sought. Where a word is shorter, all words that are sought together with it are sought by the length
/// of [`SHORTEST`].
const FRAGMENT: usize = 4;

/// Shorter words fit by chance too often.
const SHORTEST: usize = 3;

const BUCKETS: usize = 8;

/// The searcher takes 128 patterns, and every bucket counts as the fullest does.
const PER_BUCKET: usize = 15;

/// More words than this in eight buckets fit by chance too often.
const PER_PART: usize = 80;

/// A search for many words, made once.
#[derive(Debug)]
pub(super) struct Search {
    words: Vec<Vec<u8>>,
    parts: Vec<Part>,
}

/// A search for some of them.
#[derive(Debug)]
struct Part {
    finder: Finder,
    /// For each pattern of the finder, whose it is.
    owners: Vec<Vec<Owner>>,
}

/// A word with a fragment, by its place, and how far from its beginning that is.
type Owner = (usize, usize);

#[derive(Debug)]
enum Finder {
    Vectors(packed::Searcher),
    /// For processors without the instructions.
    States(AhoCorasick),
}

impl Search {
    /// Makes ready for `words`; `None` when one is shorter than three bytes.
    pub(super) fn new<'w>(words: impl IntoIterator<Item = &'w [u8]>) -> Option<Self> {
        let words: Vec<Vec<u8>> = words.into_iter().map(<[u8]>::to_vec).collect();
        let mut buckets = vec![Bucket::default(); BUCKETS * words.len().div_ceil(PER_PART)];
        if words.iter().any(|word| word.len() < FRAGMENT) {
            buckets.iter_mut().take(BUCKETS).for_each(|bucket| bucket.length = SHORTEST);
        }
        let weights: [f32; 256] = std::array::from_fn(|byte| weight(u8::try_from(byte).unwrap_or_default()));
        let mut order: Vec<(usize, &[u8])> = words.iter().map(Vec::as_slice).enumerate().collect();
        // The short ones leave the least choice.
        order.sort_by_key(|(_, text)| text.len());
        for (word, text) in order {
            place(&mut buckets, text, word, &weights)?;
        }
        let parts = buckets.chunks(BUCKETS).filter_map(Part::new).collect();
        Some(Self { words, parts })
    }

    /// Calls `found` with each place in `bytes` where a word stands, and with the word, by its place among those that were
    /// given; also where words overlap. The places come in several ascending rows.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        for part in &self.parts {
            let mut from = 0;
            while let Some((at, pattern)) = part.finder.find(bytes, from) {
                for &(word, before) in part.owners.get(pattern).into_iter().flatten() {
                    if let Some(at) = at.checked_sub(before)
                        && let (Some(rest), Some(text)) = (bytes.get(at..), self.words.get(word))
                        && rest.starts_with(text)
                    {
                        found(at, word);
                    }
                }
                from = at + 1;
            }
        }
    }
}

impl Part {
    /// `None` when there is nothing in the buckets.
    fn new(buckets: &[Bucket<'_>]) -> Option<Self> {
        // The searcher deals its patterns out to its buckets one by one. Buckets that are less full are given a pattern
        // again that they have already.
        let deepest = buckets.iter().map(|bucket| bucket.sought.len()).max()?;
        let any = buckets.iter().find_map(|bucket| bucket.sought.first())?;
        let of_row = |row: usize| {
            buckets.iter().map(move |bucket| bucket.sought.get(row).or(bucket.sought.first()).unwrap_or(any))
        };
        let patterns: Vec<_> = (0..deepest).flat_map(of_row).collect();
        let fragments = || patterns.iter().map(|(fragment, _)| fragment);
        let mut config = packed::Config::new();
        config.heuristic_pattern_limits(false).only_teddy(true).only_teddy_fat(Some(false));
        let finder = if let Some(vectors) = config.builder().extend(fragments()).build() {
            Finder::Vectors(vectors)
        } else {
            let mut builder = AhoCorasick::builder();
            Finder::States(builder.kind(Some(AhoCorasickKind::DFA)).build(fragments()).ok()?)
        };
        Some(Self { finder, owners: patterns.iter().map(|(_, owners)| owners.clone()).collect() })
    }
}

impl Finder {
    /// The first fragment from `from` on: its place, and which it is.
    fn find(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        if from > bytes.len() {
            return None;
        }
        let span = Span::from(from..bytes.len());
        let found = match self {
            Self::Vectors(searcher) => searcher.find_in(bytes, span),
            Self::States(automaton) => automaton.find(Input::new(bytes).span(span)),
        }?;
        Some((found.start(), found.pattern().as_usize()))
    }
}

/// Which lower and upper halves of a byte fit.
#[derive(Debug, Clone, Copy, Default)]
struct Halves {
    low: u16,
    high: u16,
}

/// Fragments that are looked for together: what fits half a byte of one fits the same half of all.
#[derive(Debug, Clone)]
struct Bucket<'w> {
    /// How long they are.
    length: usize,
    /// What fits at each of their bytes.
    fits: [Halves; FRAGMENT],
    /// How often that is by chance.
    cost: f32,
    sought: Vec<(&'w [u8], Vec<Owner>)>,
}

impl Default for Bucket<'_> {
    fn default() -> Self {
        Self { length: FRAGMENT, fits: [Halves::default(); FRAGMENT], cost: 0.0, sought: Vec::new() }
    }
}

impl Bucket<'_> {
    /// What fits when `fragment` does too, and how often that is.
    fn with(&self, fragment: &[u8], weights: &[f32; 256]) -> ([Halves; FRAGMENT], f32) {
        let mut fits = self.fits;
        let mut cost = 1.0;
        for (halves, byte) in fits.iter_mut().zip(fragment) {
            halves.low |= 1 << (byte & 15);
            halves.high |= 1 << (byte >> 4);
            cost *= halves.share(weights);
        }
        (fits, cost)
    }
}

impl Halves {
    /// The share of all bytes that fit.
    fn share(self, weights: &[f32; 256]) -> f32 {
        let within = |set: u16| (0..16_usize).filter(move |half| set >> half & 1 == 1);
        let of = |high: usize| within(self.low).filter_map(move |low| weights.get(high << 4 | low));
        within(self.high).flat_map(of).sum()
    }
}

/// Puts one fragment of `text` where it makes a bucket fit the least more often.
fn place<'w>(buckets: &mut [Bucket<'w>], text: &'w [u8], word: usize, weights: &[f32; 256]) -> Option<()> {
    let mut best: Option<(f32, usize, usize)> = None;
    for (at, bucket) in buckets.iter().enumerate() {
        for (before, fragment) in text.windows(bucket.length).enumerate() {
            // Of several equal patterns only one is ever told.
            let known = buckets.iter().position(|bucket| bucket.sought.iter().any(|(sought, _)| *sought == fragment));
            if known.map_or(bucket.sought.len() < PER_BUCKET, |known| known == at) {
                let more = bucket.with(fragment, weights).1 - bucket.cost;
                if best.is_none_or(|(least, ..)| more < least) {
                    best = Some((more, at, before));
                }
            }
        }
    }
    let (_, at, before) = best?;
    let bucket = buckets.get_mut(at)?;
    let fragment = text.get(before..before + bucket.length)?;
    (bucket.fits, bucket.cost) = bucket.with(fragment, weights);
    match bucket.sought.iter_mut().find(|(sought, _)| *sought == fragment) {
        Some((_, owners)) => owners.push((word, before)),
        None => bucket.sought.push((fragment, vec![(word, before)])),
    }
    Some(())
}

/// About how often a byte comes in the files of a system, half of them programs, half texts.
fn weight(byte: u8) -> f32 {
    match byte {
        0 => 0.2,
        b'a' | b'c' | b'd' | b'e' | b'i' | b'l' | b'n' | b'o' | b'r' | b's' | b't' => 0.04,
        b'a'..=b'z' => 0.02,
        b'_' | b'-' | b'.' => 0.01,
        b'0'..=b'9' => 0.008,
        _ => 0.004,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn found(words: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<(usize, usize)> {
        let mut found = BTreeSet::new();
        Search::new(words.iter().map(Vec::as_slice)).unwrap().each(bytes, |at, word| {
            assert!(found.insert((at, word)), "each place is told once");
        });
        found
    }

    fn expected(words: &[Vec<u8>], bytes: &[u8]) -> BTreeSet<(usize, usize)> {
        let places = |(word, text): (usize, &Vec<u8>)| {
            let fits = move |at: &usize| bytes[*at..].starts_with(text);
            (0..bytes.len()).filter(fits).map(move |at| (at, word)).collect::<Vec<_>>()
        };
        words.iter().enumerate().flat_map(places).collect()
    }

    #[test]
    fn words_that_overlap_or_are_alike_are_all_told() {
        let words =
            ["_key", "access_key", "key_access", "access_key", "keykeykey"].map(|word| word.as_bytes().to_vec());
        let text = b"the access_key_access_keykeykeykey";
        assert_eq!(found(&words, text), expected(&words, text));
        assert!(Search::new([&b"ab"[..]]).is_none(), "too short");
        assert_eq!(found(&[], text), BTreeSet::new());
    }

    #[test]
    fn both_finders_find_the_same() {
        let mut search = Search::new([&b"AKIA"[..], b"ghp_", b"PRIVATE KEY"]).unwrap();
        let text = b"-----BEGIN PRIVATE KEY----- AKIAKIA ghp_ghp_".repeat(3);
        let all = |search: &Search| {
            let mut all = BTreeSet::new();
            search.each(&text, |at, word| _ = all.insert((at, word)));
            all
        };
        let first = all(&search);
        for part in &mut search.parts {
            if let Finder::Vectors(_) = part.finder {
                let mut patterns = vec![b"????"; part.owners.len()];
                for (pattern, owners) in patterns.iter_mut().zip(&part.owners) {
                    let (word, before) = owners[0];
                    *pattern = search.words[word][before..before + FRAGMENT].try_into().unwrap();
                }
                part.finder = Finder::States(AhoCorasick::new(patterns).unwrap());
            }
        }
        assert_eq!(first.len(), 15);
        assert_eq!(all(&search), first);
    }

    proptest! {
        #[test]
        fn every_word_is_found_wherever_it_stands(
            words in proptest::collection::vec(proptest::collection::vec(b'a'..=b'd', 3..9), 1..200),
            text in proptest::collection::vec(b'a'..=b'd', 0..400),
        ) {
            prop_assert_eq!(found(&words, &text), expected(&words, &text));
        }
    }
}
