use proptest::prelude::*;

use super::*;
use crate::report::compare::compare;
use crate::report::fixture::sample;
use crate::report::{
    ChangeKind, ChangeRecord, CommandRecord, FinishStep, Kind, Outcome, OwnTrace, Previous, Report, sha256_hex,
    to_bytes,
};

mod judges;
mod look;

fn both(report: &Report) -> (String, String) {
    let sha256 = sha256_hex(&to_bytes(report));
    (html(report, &sha256), markdown(report, &sha256))
}

/// A report in which every part of a view has something to say.
fn rich() -> Report {
    let mut report = sample();
    report.tool.version = "0.1.0".into();
    let older = Report { report_id: "01JD0000000000000000000000".into(), ..report.clone() };
    report.commands = vec![CommandRecord {
        id: "C003".into(),
        run: "20261122T150500Z-1".into(),
        guideline: "SSH-04".into(),
        argv: vec!["systemctl".into(), "reload".into(), "ssh".into()],
        purpose: "takes the new settings".into(),
        outcome: Some("exit code 0".into()),
        journal_seq: None,
    }];
    let gone = |number: usize| ChangeRecord {
        id: format!("C{number:03}"),
        guideline: "ACC-02".into(),
        path: format!("/var/log/old-{number}.log"),
        kind: ChangeKind::Remove,
        headline: "removed, 28 bytes".into(),
        after: None,
        diff: None,
        diff_sha256: None,
        ..report.changes[0].clone()
    };
    let many: Vec<ChangeRecord> = (4..24).map(gone).collect();
    report.changes.extend(many);
    let long = format!(" # {}\n", "a line that is longer than any screen is wide, ".repeat(8));
    report.changes[0].diff.as_mut().unwrap().push_str(&long);
    report.own_traces =
        vec![OwnTrace { path: "/run/seaworthy".into(), removed_by: "the next boot: it is in memory".into() }];
    for record in &mut report.guidelines {
        match record.id.as_str() {
            "SSH-04" => record.changes.push("C003".into()),
            "ACC-02" => record.changes.extend((4..24).map(|number| format!("C{number:03}"))),
            "OSL-01" => record.result = Outcome::Fail,
            "KEY-01" => record.result = Outcome::Deferred,
            _ => {}
        }
    }
    report.finish_plan = vec![FinishStep {
        guideline: "KEY-01".into(),
        by_hand: "Remove the host keys:\n\n    rm /etc/ssh/ssh_host_*\n".into(),
    }];
    report.previous = Some(Previous {
        report_id: older.report_id.clone(),
        sha256: sha256_hex(&to_bytes(&older)),
        signer: None,
        comparison: Some(compare(&older, &report)),
    });
    report
}

#[test]
fn they_say_what_the_report_says() {
    let report = rich();
    let (html, markdown) = both(&report);
    for text in [&html, &markdown] {
        assert!(text.contains(&grouped(&sha256_hex(&to_bytes(&report)))));
        for part in [
            "seaworthy-with-waivers",
            "Root may log in with a password",
            "PermitRootLogin no",
            "Waivers",
            "What was not checked",
            "What Seaworthy left on the image",
            "Since the report before",
            "passes → left for the seal",
        ] {
            assert!(text.contains(part), "{part}");
        }
        for record in &report.guidelines {
            assert!(text.contains(&record.title), "{}", record.id);
        }
        for change in &report.changes {
            assert!(text.contains(&change.path), "{}", change.path);
        }
        assert!(!text.contains("PRACTICE"));
    }
    assert_eq!(both(&report), (html, markdown), "the same report gives the same views");
}

#[test]
fn every_outcome_is_in_one_group() {
    let mut outcomes: Vec<Outcome> = outline::GROUPS.iter().flat_map(|group| group.outcomes).copied().collect();
    outcomes.sort_unstable();
    let all = [
        Outcome::Pass,
        Outcome::Fixed,
        Outcome::ByHand,
        Outcome::Attested,
        Outcome::Waived,
        Outcome::Deferred,
        Outcome::NotAttested,
        Outcome::Unknown,
        Outcome::Fail,
        Outcome::NotApplicable,
    ];
    assert_eq!(outcomes, all);
}

#[test]
fn practice_is_said_first() {
    let (html, markdown) = both(&Report { kind: Kind::Practice, ..sample() });
    let before = |text: &str, word: &str| text.split("Every required guideline").next().unwrap().contains(word);
    assert!(before(&html, "PRACTICE") && before(&markdown, "**PRACTICE"));
}

#[test]
fn html_has_no_script_and_no_reference_to_elsewhere() {
    let (html, _) = both(&rich());
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    for part in
        ["<script", "src=", "url(", "@import", "http://", "https://", "style=\"", "<link", "<img", "javascript:"]
    {
        assert!(!html.contains(part), "{part}");
    }
    // Each reference leads to something on the page.
    for link in html.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}

/// Every place a person or the image can write to.
fn hostile(text: &str) -> Report {
    let mut report = rich();
    // As the record keeps it: hidden characters visible, and in diffs the line breaks between lines alone.
    let text = || text.to_owned();
    report.publisher = text();
    report.challenge = Some(text());
    report.report_id = text();
    report.image.root = text();
    report.image.kernel = Some(text());
    report.operator.user = Some(text());
    report.operator.client = Some(text());
    report.clock.source = Some(text());
    report.tool.arguments = vec![text(), text()];
    report.limits = vec![text()];
    report.attestations[0].note = Some(text());
    report.attestations[0].by = text();
    report.attestations[0].statement = text();
    report.finish_plan[0].by_hand = crate::image::text::visible(&text());
    report.own_traces[0].path = text();
    report.own_traces[0].removed_by = text();
    report.changes[0].path = text();
    report.changes[0].headline = text();
    let line = crate::image::text::visible(&text());
    report.changes[0].diff = Some(format!("--- a{line}\n+++ b{line}\n@@ -1,1 +1,1 @@\n-{line}\n+{line}\tx\n"));
    report.changes[5].path = text();
    report.changes[5].headline = text();
    report.commands[0].argv = vec![text(), text()];
    report.commands[0].purpose = text();
    report.commands[0].outcome = Some(text());
    report.journal.head = Some(text());
    report.journal.lines[1] = text();
    for record in &mut report.guidelines {
        record.title = text();
        record.sources[0].page = text();
        record.before.summary = text();
        record.after.summary = text();
        if let Some(decision) = &mut record.decision {
            decision.by = Some(text());
            decision.reason = Some(text());
        }
        for seen in &mut record.before.observations {
            (seen.path, seen.text) = (Some(text()), Some(text()));
        }
    }
    let previous = report.previous.as_mut().unwrap();
    previous.report_id = text();
    let comparison = previous.comparison.as_mut().unwrap();
    for turn in comparison.regressed.iter_mut().chain(&mut comparison.otherwise) {
        (turn.title, turn.summary) = (text(), text());
    }
    report
}

/// Texts that were made to break out.
const ATTACKS: [&str; 16] = [
    "</pre></span><script>alert('1')</script><img src=x onerror=\"y\"> & | ` ``` [a](b) \u{1b}[2J \u{202e} \u{200b} \u{e0041}",
    "a | b\n| c | d |\n```\n# heading\n~~~",
    "`````",
    "--><svg onload=alert(1)><!--",
    "\" onmouseover=\"alert(1)",
    "[x](javascript:alert(1)) ![x](https://example.com/x.png) <https://example.com> https://example.com www.example.com a@example.com",
    "[x]: https://example.com 'x'\n\n[x]",
    "    indented\n\ttab",
    "- a\n+ b\n1. c\n1) d\n===\n---\n***",
    "<!DOCTYPE html><html><body></table></div></main>",
    "***b*** __i__ ~~s~~ $x$ $$y$$ :+1: @name #1 GH-1 \\",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "> quote\n<details>\n<summary>",
    "| --- | --- |",
    "[^1] [ ] [x] \\[ \\` \\| \\",
    "xmpp:a@b.c mailto:a@b.c ftp://a.b http://[::1]/ //a.b HTTPS://A.B",
];

#[test]
fn nothing_from_the_image_becomes_markup() {
    for attack in ATTACKS {
        let (html, markdown) = both(&hostile(attack));
        for text in [&html, &markdown] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{e0041}']), "{attack}");
        }
        for part in ["<script", "<img", "<svg onload", "onerror=\"", "onmouseover=\"a"] {
            assert!(!html.contains(part), "{attack}");
        }
        assert_eq!(skeleton(&html), skeleton(&both(&hostile("x")).0), "{attack}");
    }
}

/// The tags of a page with the names of their attributes; not what is in them.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap();
        assert!(!text.contains('>') || tag == "style", "{text}");
        // Every other piece between quotes is a value.
        tags.push(tag.split('"').step_by(2).collect());
    }
    tags
}

/// Whether a Markdown text is made of the same pieces as a harmless one would be: headings, tables of as many cells,
/// fences.
fn shape(markdown: &str) -> Vec<String> {
    let mut shape = Vec::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks >= 3 => {
                fence = Some("`".repeat(ticks));
                shape.push("fence".to_owned());
            }
            None if line.starts_with('|') => {
                shape.push(format!("{} cells", line.replace("\\|", "").matches('|').count()));
            }
            None => {
                shape.push(line.split(' ').next().filter(|word| word.starts_with('#')).unwrap_or("text").to_owned());
            }
        }
    }
    assert_eq!(fence, None);
    shape
}

#[test]
fn markdown_keeps_its_shape() {
    for attack in ATTACKS {
        let attacked = shape(&both(&hostile(attack)).1);
        assert_eq!(attacked, shape(&both(&hostile("x")).1), "{attack}");
    }
    // A fence is longer than any run of backticks inside it.
    let (_, fenced) = both(&hostile("`````"));
    assert!(fenced.contains("``````diff"), "{fenced}");
}

#[test]
fn tabs_in_a_diff_stay() {
    let (html, markdown) = both(&hostile("x"));
    assert!(html.contains("+x\tx\n</ins>") && markdown.contains("+x\tx\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_text_the_views_keep_their_shape(text in "(\\PC|[\\\\`*_\\[\\]<>&|#!\"'$@ \n\t\r]|www\\.|://){0,40}") {
        // Empty text is no text: a cell or a code span of nothing.
        prop_assume!(!text.trim().is_empty());
        let (attacked, markdown_attacked) = both(&hostile(&text));
        let (harmless, markdown_harmless) = both(&hostile("x"));
        prop_assert_eq!(skeleton(&attacked), skeleton(&harmless));
        prop_assert_eq!(shape(&markdown_attacked), shape(&markdown_harmless));
    }
}
