//! Keywords that take the rest of the line as it is.

use super::super::keywords::{Keyword, Kind};
use super::super::lexer::Args;
use super::{How, Reader, Taken, Write};

impl Reader<'_> {
    pub(super) fn rest_of_line(&self, keyword: &'static Keyword, args: &mut Args<'_>) -> Taken {
        let is_empty = args.bytes().is_none_or(<[u8]>::is_empty);
        let text = args.text();
        args.clear();
        let text = match keyword.kind {
            Kind::Command => return self.command(keyword.name, text),
            _ if is_empty => return Err("has no argument".to_owned()),
            Kind::Addendum if text.contains('\r') => {
                return Err("has a carriage return within its text".to_owned());
            }
            Kind::Addendum if text.is_empty() || text.eq_ignore_ascii_case("none") => "none".to_owned(),
            _ => text,
        };
        Ok(vec![Write { slot: keyword.name, how: How::First, values: vec![text] }])
    }

    fn command(&self, name: &'static str, text: String) -> Taken {
        let is_valid = text.starts_with('/') || text.eq_ignore_ascii_case("none");
        if !is_valid && (self.active || !self.release.old_lexer()) {
            return Err("must be an absolute path".to_owned());
        }
        // From 8.7 to 9.3 both commands asked whether the keys command was set: a slip of theirs.
        let slipped = !self.release.old_lexer() && !self.release.since(9, 4);
        let how = match (slipped && name == "authorizedprincipalscommand", self.has_keys_command) {
            (true, true) => return Ok(Vec::new()),
            (true, false) => How::Last,
            (false, _) => How::First,
        };
        Ok(vec![Write { slot: name, how, values: vec![text] }])
    }
}
