//! YAML as cloud-init reads it: PyYAML's safe loader, which is YAML 1.1, within limits a hostile file cannot pass.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::Value;

/// Deepest nesting; PyYAML itself gives up at Python's recursion limit.
const DEEPEST: usize = 64;
/// What one value costs beside its text, in bytes.
const COST: usize = 64;

/// Why a text gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::image) enum Fault {
    /// It is no YAML, or none that cloud-init takes; why.
    Broken(String),
    /// It has more values, or deeper ones, than any configuration has; aliases count by what they stand for.
    TooLarge,
}

/// A document and the lines, from 1, of its top-level keys.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::image) struct Document {
    pub(in crate::image) value: Value,
    pub(in crate::image) lines: Vec<(String, u32)>,
}

/// Parses a single document. `budget` is what may still be spent, in bytes of memory; it is counted down.
pub(in crate::image) fn parse(text: &str, budget: &mut usize) -> Result<Document, Fault> {
    let mut builder =
        Builder { frames: Vec::new(), anchors: HashMap::new(), lines: Vec::new(), root: None, documents: 0, budget };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error: ScanError| Fault::Broken(error.to_string()))?;
        builder.event(event, span)?;
    }
    Ok(Document { value: builder.root.unwrap_or(Value::Null), lines: builder.lines })
}

enum Frame {
    List { anchor: usize, items: Vec<Value> },
    Map { anchor: usize, entries: Vec<(String, Value)>, index: HashMap<String, usize>, key: Option<String> },
}

struct Builder<'a> {
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Value, usize)>,
    lines: Vec<(String, u32)>,
    root: Option<Value>,
    documents: usize,
    budget: &'a mut usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { Err(broken("it holds more than one document", span)) } else { Ok(()) }
            }
            Event::Alias(anchor) => {
                let Some((value, cost)) = self.anchors.get(&anchor).cloned() else {
                    return Err(broken("an alias stands inside what it names", span));
                };
                self.spend(cost)?;
                match (&value, self.wants_key()) {
                    (Value::Text(text), true) => self.set_key(text.clone(), span),
                    (_, true) => return Err(broken("a key is not a plain value", span)),
                    _ => return self.put(value),
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span),
            Event::SequenceStart(anchor, tag) => {
                self.open(Frame::List { anchor, items: Vec::new() }, tag.as_deref(), span)
            }
            Event::MappingStart(anchor, tag) => {
                let frame = Frame::Map { anchor, entries: Vec::new(), index: HashMap::new(), key: None };
                self.open(frame, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(Frame::List { anchor, items }) => self.close(Value::List(items), anchor),
                Some(Frame::Map { anchor, entries, .. }) => self.close(Value::Map(entries), anchor),
                None => Ok(()),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fault> {
        self.spend(COST + text.len())?;
        // YAML allows it, PyYAML does not.
        if style == ScalarStyle::Plain && text.contains('\t') {
            return Err(broken("a tab stands between words", span));
        }
        let value = match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.as_str())) {
            None if style == ScalarStyle::Plain => plain(text),
            None | Some((true, "str" | "binary" | "timestamp")) => Value::Text(text.to_owned()),
            Some((true, "bool" | "int" | "float" | "null")) => plain(text),
            Some(_) => return Err(broken("it has a tag that is not known", span)),
        };
        if self.wants_key() {
            self.keep(anchor, &Value::Text(text.to_owned()))?;
            self.set_key(text.to_owned(), span);
        } else {
            self.keep(anchor, &value)?;
            self.put(value)?;
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame, tag: Option<&Tag>, span: Span) -> Result<(), Fault> {
        self.spend(COST)?;
        if self.frames.len() >= DEEPEST {
            return Err(Fault::TooLarge);
        }
        if self.wants_key() {
            return Err(broken("a key is not a plain value", span));
        }
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            return Err(broken("it has a tag that is not known", span));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, value: Value, anchor: usize) -> Result<(), Fault> {
        self.keep(anchor, &value)?;
        self.put(value)
    }

    /// Remembers what an anchor names; zero is no anchor.
    fn keep(&mut self, anchor: usize, value: &Value) -> Result<(), Fault> {
        if anchor != 0 {
            let cost = cost(value);
            self.spend(cost)?;
            self.anchors.insert(anchor, (value.clone(), cost));
        }
        Ok(())
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Map { key: None, .. }))
    }

    fn set_key(&mut self, name: String, span: Span) {
        if self.frames.len() == 1 {
            self.lines.push((name.clone(), u32::try_from(span.start.line()).unwrap_or(u32::MAX)));
        }
        if let Some(Frame::Map { key, .. }) = self.frames.last_mut() {
            *key = Some(name);
        }
    }

    fn put(&mut self, value: Value) -> Result<(), Fault> {
        match self.frames.last_mut() {
            None => self.root = Some(value),
            Some(Frame::List { items, .. }) => items.push(value),
            Some(Frame::Map { entries, index, key, .. }) => {
                let name = key.take().unwrap_or_default();
                if name == "<<" {
                    return merge(entries, index, value);
                }
                if let Some((_, old)) = index.get(&name).and_then(|at| entries.get_mut(*at)) {
                    *old = value;
                } else {
                    index.insert(name.clone(), entries.len());
                    entries.push((name, value));
                }
            }
        }
        Ok(())
    }

    fn spend(&mut self, cost: usize) -> Result<(), Fault> {
        *self.budget = self.budget.checked_sub(cost).ok_or(Fault::TooLarge)?;
        Ok(())
    }
}

/// What stands behind a merge key: a mapping, or a list of them, gives the entries that are not there yet.
fn merge(entries: &mut Vec<(String, Value)>, index: &mut HashMap<String, usize>, value: Value) -> Result<(), Fault> {
    match value {
        Value::Map(merged) => {
            for (name, value) in merged {
                if !index.contains_key(&name) {
                    index.insert(name.clone(), entries.len());
                    entries.push((name, value));
                }
            }
            Ok(())
        }
        Value::List(maps) if maps.iter().all(|map| matches!(map, Value::Map(_))) => {
            maps.into_iter().try_for_each(|map| merge(entries, index, map))
        }
        _ => Err(Fault::Broken("what << merges is no mapping".to_owned())),
    }
}

fn broken(what: &str, span: Span) -> Fault {
    Fault::Broken(format!("{what} (line {})", span.start.line()))
}

/// What holding `value` costs, in bytes.
fn cost(value: &Value) -> usize {
    COST + match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(cost).sum(),
        Value::Map(entries) => entries.iter().map(|(name, value)| COST + name.len() + cost(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Integer(_) => 0,
    }
}

/// The value of a scalar without quotes, by PyYAML's resolver.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => integer(text).map_or_else(|| Value::Text(text.to_owned()), Value::Integer),
    }
}

/// Decimal, octal with a leading `0`, `0x…` and `0b…`; underscores between digits are left out.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (if text.starts_with('-') { "-" } else { "" }, digits),
        None => ("", text),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (radix, digits) = match digits {
        "0" => (10, digits),
        _ if digits.starts_with("0x") => (16, digits.get(2..)?),
        _ if digits.starts_with("0b") => (2, digits.get(2..)?),
        _ if digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, Fault> {
        parse(text, &mut (1 << 20)).map(|document| document.value)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn plain_scalars_are_yaml_1_1_and_quoted_ones_are_text() {
        let items = |text| match value(text).unwrap() {
            Value::List(items) => items,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            items("[yes, Off, 'yes', y, 0644, 0x1F, -3, 1_000, 1.5, ~, null, \"\", 09, a b]"),
            [
                Value::Bool(true),
                Value::Bool(false),
                text("yes"),
                text("y"),
                Value::Integer(0o644),
                Value::Integer(31),
                Value::Integer(-3),
                Value::Integer(1000),
                text("1.5"),
                Value::Null,
                Value::Null,
                text(""),
                text("09"),
                text("a b"),
            ]
        );
    }

    #[test]
    fn keys_are_text_and_the_last_of_two_wins() {
        let map = value("on: 1\nb: 2\non: 3\n").unwrap();
        assert_eq!(map, Value::Map(vec![("on".into(), Value::Integer(3)), ("b".into(), Value::Integer(2))]));
    }

    #[test]
    fn top_level_lines_are_remembered() {
        let document = parse("# a\na: {x: 1}\n\nb:\n  c: 1\n", &mut (1 << 20)).unwrap();
        assert_eq!(document.lines, [("a".to_owned(), 2), ("b".to_owned(), 4)]);
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let map = value("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nlist: [*b]\n").unwrap();
        let base = Value::Map(vec![("x".into(), Value::Integer(1)), ("y".into(), Value::Integer(2))]);
        let used = Value::Map(vec![("x".into(), Value::Integer(1)), ("y".into(), Value::Integer(3))]);
        let list = Value::List(vec![base.clone()]);
        assert_eq!(map, Value::Map(vec![("base".into(), base), ("use".into(), used), ("list".into(), list)]));
    }

    #[test]
    fn a_bomb_of_aliases_is_too_large() {
        use std::fmt::Write as _;
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            writeln!(bomb, "a{level}: &a{level} [{}]", vec![alias; 9].join(", ")).unwrap();
        }
        assert_eq!(value(&bomb), Err(Fault::TooLarge));
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(value(&"[".repeat(100)), Err(Fault::TooLarge));
        assert_eq!(value(&"- ".repeat(100)), Err(Fault::TooLarge));
        assert!(value(&format!("{}{}", "[".repeat(60), "]".repeat(60))).is_ok());
    }

    #[test]
    fn what_cloud_init_refuses_is_broken() {
        for text in
            ["a: [1", "a: b: c", "--- 1\n--- 2\n", "? [a]\n: b\n", "a: !!python/object x\n", "&x [*x]", "\ta: b\n\t- c"]
        {
            assert!(matches!(value(text), Err(Fault::Broken(_))), "{text:?} gave {:?}", value(text));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(2000))]
        #[test]
        fn no_text_panics(text in "[-a-c&*:,?!|>'\"{}\\[\\]#%@` \t\r\n\u{0}\u{85}\u{feff}\u{1F600}0-9<~.\\\\]{0,60}") {
            let _ = value(&text);
        }
    }
}
