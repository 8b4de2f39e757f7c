//! Who signs: nobody yet, which is the safest, a key of the agent, or a key file.

use super::super::dialog::Foot;
use super::super::{Page, Role};
use crate::image::text::visible;
use crate::wizard::message::AgentKey;
use crate::wizard::model::Model;
use crate::wizard::walk::Walk;
use crate::wizard::words;

/// What signs a report on the publisher's own machine.
pub(super) const SIGN: &str = "ssh-keygen -Y sign -n seaworthy-report -f ~/.ssh/id_ed25519 report.json";

/// The choices, and what the chosen one means.
pub(super) fn sheet(model: &Model, width: usize) -> (Vec<Foot>, Page) {
    let walk = &model.walk;
    let mut rows = Vec::from(super::title("Who signs it?"));
    let last = walk.agent_keys().len() + 1;
    let mut row = |place: usize, text: &str, dim: &str| {
        let chosen = walk.signer == place;
        let mark = if chosen { "(•) " } else { "( ) " };
        let line = vec![
            (Role::Text, mark.to_owned()),
            (Role::Text, text.to_owned()),
            (Role::Dim, words::fit(dim, width.saturating_sub(text.len() + 6))),
        ];
        rows.push(Foot::Choice(line, chosen));
    };
    row(0, "later", "  on your own machine (safest)");
    for (place, AgentKey { kind, fingerprint, comment }) in walk.agent_keys().iter().enumerate() {
        row(place + 1, "agent", &format!("  {kind} {fingerprint} {}", visible(comment)));
    }
    row(last, "key file", "  through ssh-keygen");
    if walk.is_key_file() {
        rows.push(Foot::Field("    File", walk.key_file.clone(), true));
    }
    rows.push(Foot::Line(Vec::new()));
    let mut page = Page::new(width);
    agent(&mut page, walk);
    page.gap();
    match walk.signer {
        0 => later(&mut page),
        _ if walk.is_key_file() => page.prose(
            Role::Warning,
            0,
            "ssh-keygen reads the file, and asks for its passphrase; Seaworthy never sees it. Never keep a private key on \
             the image that you are preparing.",
        ),
        _ => page.prose(
            Role::Text,
            0,
            "The agent signs as soon as you go on; it may ask you to confirm, or to touch the key. While an agent is \
             forwarded, root on this machine can have it sign anything: forward one that holds nothing but a signing key.",
        ),
    }
    (rows, page)
}

/// What the agent said, where it has no key to show.
fn agent(page: &mut Page, walk: &Walk) {
    match &walk.keys {
        None => page.prose(Role::Dim, 0, "Asking the agent for its keys …"),
        Some(Err(why)) => page.prose(Role::Dim, 0, why),
        Some(Ok(keys)) if keys.is_empty() => page.prose(Role::Dim, 0, "The agent holds no key."),
        Some(Ok(_)) => {}
    }
}

fn later(page: &mut Page) {
    page.prose(
        Role::Text,
        0,
        "No key comes near this machine. Once report.json is on your own machine and shows the same digest there:",
    );
    page.command(2, SIGN);
    page.prose(Role::Text, 0, "or, which shows the digest and asks first, also for a key in an agent or on a token:");
    page.command(2, "seaworthy report sign report.json --agent");
    page.prose(Role::Text, 0, "A key in a KMS or an HSM signs what --tbs writes; --attach takes what comes back:");
    page.command(2, "seaworthy report sign report.json --tbs to-be-signed.bin");
}
