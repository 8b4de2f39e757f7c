//! `seaworthy facts access`: who gets in, and how.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::change::ways_in::{Access, By, Root, Way, Ways};
use crate::check::Context;
use crate::image::{Image, text};

/// A line for each way, and the same as JSON.
pub(super) fn access(image: &Image, context: &Context) -> (String, Value) {
    let access = Access::of(image, context);
    let mut out = String::new();
    if let Some(own) = &access.own {
        let _ = writeln!(out, "own {}", own.way);
    }
    add(&mut out, "now", &access.now);
    add(&mut out, "next", &access.next);
    let own =
        access.own.as_ref().map(|own| json!({"way": of_way(&own.way), "from": own.from.map(|from| from.to_string())}));
    (out, json!({"own": own, "now": of(&access.now), "next": of(&access.next)}))
}

fn add(out: &mut String, when: &str, ways: &Ways) {
    for way in &ways.list {
        let _ = writeln!(out, "{when} {way}");
    }
    for sentence in ways.shut.iter().chain(&ways.unclear) {
        let _ = writeln!(out, "{when} ({sentence})");
    }
    if ways.list.is_empty() && ways.unclear.is_empty() {
        let _ = writeln!(out, "{when} nobody that could be found");
    }
}

fn of(ways: &Ways) -> Value {
    json!({"ways": ways.list.iter().map(of_way).collect::<Vec<_>>(), "shut": ways.shut, "unclear": ways.unclear})
}

fn of_way(way: &Way) -> Value {
    let by = match &way.by {
        By::Key { .. } => "ssh-key",
        By::Authority { .. } => "ssh-certificate",
        By::Password => "ssh-password",
        By::Ssh => "ssh",
        By::InstanceConnect => "instance-connect",
        By::LaunchKey => "launch-key",
        By::SessionManager => "session-manager",
        By::Console => "console",
    };
    let root = match way.root {
        Root::Is => "is",
        Root::Sudo => "sudo",
        Root::SudoWithPassword => "sudo-with-password",
        Root::Su => "su",
        Root::Unknown => "unknown",
        Root::No | Root::NoPassword => "no",
    };
    let file = match &way.by {
        By::Key { file, .. } | By::Authority { file, .. } => Some(text::path(file)).filter(|file| !file.is_empty()),
        _ => None,
    };
    json!({
        "user": text::visible(&way.user), "by": by, "file": file, "fingerprint": way.by.fingerprint(), "root": root,
        "sure": way.is_sure,
    })
}
