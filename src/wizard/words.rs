//! Small helpers for sentences: plurals, sizes, cutting to a width.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `1 guideline`, `3 guidelines`, `no guidelines`.
pub fn plural(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", grouped(count as u64)),
    }
}

/// A number with its thousands apart: `12 345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A size for people: `512 B`, `1.5 KiB`, `3.0 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scale = 1_u64;
    while unit + 1 < UNITS.len() && count / scale >= 1024 {
        scale *= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit == 0 { format!("{count} B") } else { format!("{}.{} {name}", count / scale, count % scale * 10 / scale) }
}

/// A time that is only guessed at: `a few seconds`, `about 40 s`, `about 2 min`, `about 3 h`.
pub fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..10 => "a few seconds".to_owned(),
        10..60 => format!("about {} s", seconds.next_multiple_of(10)),
        60..600 => format!("about {minutes} min"),
        600..7200 => format!("about {} min", minutes.next_multiple_of(5)),
        _ => format!("about {} h", minutes.div_ceil(60)),
    }
}

/// Time that is left, to the second: `47 s`, `1 min 5 s`.
pub fn left(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {} s", seconds % 60),
    }
}

/// `text` cut to `width` columns in its middle, so that both ends are seen.
pub fn middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let tail = width.saturating_sub(1) * 2 / 3;
    let mut used = 0;
    let start = text.char_indices().rev().find_map(|(at, character)| {
        used += character.width().unwrap_or(0);
        (used > tail).then_some(at + character.len_utf8())
    });
    let end = text.get(start.unwrap_or_default()..).unwrap_or_default();
    let mut out = fit(text, width.saturating_sub(end.width()));
    out.push_str(end);
    out
}

/// `text` cut to `width` columns, the last one an ellipsis when something was cut.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(character);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// `text` cut to `width` columns and filled up with spaces to exactly that.
pub fn pad(text: &str, width: usize) -> String {
    let mut out = fit(text, width);
    let used = out.width();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_words() {
        assert_eq!(plural(0, "file"), "no files");
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(12345, "file"), "12 345 files");
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
    }

    #[test]
    fn guesses_are_round() {
        let about = |seconds| about(Duration::from_secs(seconds));
        assert_eq!(
            (about(3), about(10), about(33)),
            ("a few seconds".into(), "about 10 s".into(), "about 40 s".into())
        );
        assert_eq!(
            (about(59), about(61), about(599)),
            ("about 60 s".into(), "about 2 min".into(), "about 10 min".into())
        );
        assert_eq!((about(601), about(7200)), ("about 15 min".into(), "about 2 h".into()));
        assert_eq!(super::about(Duration::MAX), "about 5124095576030432 h");
    }

    #[test]
    fn time_left_is_counted_in_seconds() {
        let left = |seconds| left(Duration::from_secs(seconds));
        assert_eq!((left(0), left(59), left(120)), ("0 s".into(), "59 s".into(), "2 min 0 s".into()));
    }

    #[test]
    fn both_ends_are_seen_of_what_is_cut_in_its_middle() {
        assert_eq!(middle("/a/b", 4), "/a/b");
        assert_eq!(middle("/var/lib/containers/storage/key.pem", 20), "/var/li…rage/key.pem");
        assert_eq!(middle("漢字漢字漢字", 7).width(), 7);
        for width in 0..40 {
            assert!(middle("/home/漢字/some/long/path/to/字字.key", width).width() <= width, "{width}");
        }
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(pad("漢", 4), "漢  ");
    }
}
