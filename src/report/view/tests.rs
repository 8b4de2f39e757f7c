use super::*;
use crate::report::fixture::sample;
use crate::report::{Kind, sha256_hex, to_bytes};

fn both(report: &Report) -> (String, String) {
    let sha256 = sha256_hex(&to_bytes(report));
    (html(report, &sha256), markdown(report, &sha256))
}

#[test]
fn they_say_what_the_report_says() {
    let report = sample();
    let (html, markdown) = both(&report);
    for text in [&html, &markdown] {
        assert!(text.contains(&grouped(&sha256_hex(&to_bytes(&report)))));
        for part in [
            "seaworthy-with-waivers",
            "Root may log in with a password",
            "PermitRootLogin no",
            "Waivers",
            "What was not checked",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("PRACTICE"));
    }
    assert_eq!(both(&report), (html, markdown), "the same report gives the same views");
}

#[test]
fn practice_is_said_first() {
    let (html, markdown) = both(&Report { kind: Kind::Practice, ..sample() });
    assert!(html.contains("PRACTICE") && markdown.contains("**PRACTICE"));
}

#[test]
fn html_has_no_script_and_no_reference_to_elsewhere() {
    let (html, _) = both(&sample());
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    for part in
        ["<script", "src=", "url(", "@import", "http://", "https://", "style=\"", "<link", "<img", "javascript:"]
    {
        assert!(!html.contains(part), "{part}");
    }
    for (open, close) in [
        ("<article", "</article>"),
        ("<table", "</table>"),
        ("<pre", "</pre>"),
        ("<ul", "</ul>"),
        ("<p", "</p>"),
        ("<div", "</div>"),
    ] {
        let count = |part: &str| html.match_indices(part).count();
        // `<p` also begins `<pre`.
        let extra = if open == "<p" { count("<pre") } else { 0 };
        assert_eq!(count(open) - extra, count(close), "{open}");
    }
}

/// Every place a person or the image can write to.
fn hostile(text: &str) -> Report {
    let mut report = sample();
    let text = || text.to_owned();
    report.publisher = text();
    report.challenge = Some(text());
    report.report_id = text();
    report.image.root = text();
    report.limits = vec![text()];
    report.attestations[0].note = Some(text());
    report.attestations[0].by = text();
    report.attestations[0].statement = text();
    report.finish_plan = vec![crate::report::FinishStep { guideline: text(), by_hand: text() }];
    report.changes[0].path = text();
    report.changes[0].headline = text();
    report.changes[0].diff = Some(format!("--- a{0}\n+++ b{0}\n@@ -1,1 +1,1 @@\n-{0}\n+{0}\tx\n", text()));
    report.commands = vec![crate::report::CommandRecord {
        id: "C003".into(),
        run: text(),
        guideline: "SSH-04".into(),
        argv: vec![text()],
        purpose: text(),
        outcome: Some(text()),
        journal_seq: None,
    }];
    for record in &mut report.guidelines {
        record.changes.push("C003".into());
        record.title = text();
        record.sources[0].page = text();
        record.after.summary = text();
        if let Some(decision) = &mut record.decision {
            decision.by = Some(text());
            decision.reason = Some(text());
        }
        for seen in &mut record.before.observations {
            (seen.path, seen.text) = (Some(text()), Some(text()));
        }
    }
    report
}

#[test]
fn nothing_from_the_image_becomes_markup() {
    let (html, markdown) = both(&hostile(
        "</pre></span><script>alert('1')</script><img src=x onerror=\"y\"> & | ` ``` [a](b) \u{1b}[2J \u{202e} \u{200b} \u{e0041}",
    ));
    for text in [&html, &markdown] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{e0041}']));
        assert!(text.contains("\\u{1b}") || text.contains("\\\\u\\{1b\\}"));
    }
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("onerror=\""));
    // In Markdown `<` may stand in code only, where it is no markup.
    for line in markdown.lines().filter(|line| line.starts_with('|')) {
        let bare: String = line.split('`').step_by(2).collect();
        assert!(!bare.contains('<'), "{line}");
    }
}

#[test]
fn markdown_tables_and_fences_hold() {
    let (_, markdown) = both(&hostile("a | b\n| c | d |\n```\n# heading\n~~~"));
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some("`".repeat(ticks)),
            None => assert!(!line.starts_with("# heading") && !line.starts_with("~~~"), "{line}"),
        }
    }
    assert_eq!(fence, None);
    let table = markdown.split("## Waivers").nth(1).unwrap();
    let rows = table.lines().skip(1).skip_while(|line| line.is_empty()).take_while(|line| line.starts_with('|'));
    for row in rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 5, "{row}");
    }
    // A fence is longer than any run of backticks inside it.
    let (_, fenced) = both(&hostile("`````"));
    assert!(fenced.contains("``````diff"), "{fenced}");
}

#[test]
fn tabs_in_a_diff_stay() {
    let (html, markdown) = both(&hostile("x"));
    assert!(html.contains("+x\tx</span>") && markdown.contains("+x\tx\n"));
}
