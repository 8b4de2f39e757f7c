//! The views for programs: what they say, that they always parse, and that no text becomes anything else.

use proptest::prelude::*;
use serde_json::Value;

use super::super::*;
use crate::check::Status;
use crate::report::fixture::sample;
use crate::report::{IdentityOf, InstanceInfo, Outcome, Verdict};

/// Not the digest of the sample, so that what is expected does not change with fields that no view shows.
const SHA256: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const PROGRAMS: [(&str, View); 4] = [("junit", junit), ("hdf", hdf), ("sarif", sarif), ("intoto", intoto)];

/// The sample with a guideline of every outcome, and nothing in it that other tests of this room need to change.
fn mixed() -> Report {
    let mut report = sample();
    report.tool.version = "1.2.3".into();
    report.limits = vec!["The image was not running.".into()];
    for record in &mut report.guidelines {
        record.decision.iter_mut().for_each(|decision| decision.at = None);
        record.result = match record.id.as_str() {
            "SSH-04" => Outcome::Fail,
            "KEY-01" => Outcome::Deferred,
            "PRD-13" => Outcome::NotAttested,
            _ => record.result,
        };
        if matches!(record.id.as_str(), "SSH-04" | "KEY-01") {
            record.after.status = Status::Fail;
        }
        if record.id == "SSH-04" {
            record.after = record.before.clone();
        }
    }
    report.summary.verdict = Verdict::NotSeaworthy;
    report
}

fn parsed(view: View, report: &Report) -> Value {
    serde_json::from_str(&view(report, SHA256)).unwrap()
}

#[test]
fn each_view_is_as_expected_and_the_same_every_time() {
    let report = mixed();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, view) in PROGRAMS {
        let text = view(&report, SHA256);
        assert!(text.contains(SHA256), "{name}");
        assert_eq!(text, view(&report.clone(), SHA256), "{name}");
        settings.bind(|| insta::assert_snapshot!(format!("view-{name}"), text));
    }
}

#[test]
fn what_is_not_in_order_passes_in_no_view() {
    let report = mixed();
    let xml = junit(&report, SHA256);
    let hdf = parsed(hdf, &report);
    let sarif = parsed(sarif, &report);
    let statement = intoto::statement(&report, SHA256);
    for record in &report.guidelines {
        let passes = matches!(record.result, Outcome::Pass | Outcome::Fixed | Outcome::ByHand | Outcome::Attested);
        let name = format!("name=\"{} ", record.id);
        let case = xml.split("<testcase").find(|case| case.contains(&name)).unwrap();
        let marked = ["<failure", "<error", "<skipped"].iter().any(|mark| case.contains(mark));
        assert_eq!(marked, !passes, "{}: {case}", record.id);
        let controls = hdf["profiles"][0]["controls"].as_array().unwrap();
        let control = controls.iter().find(|control| control["id"] == record.id.as_str()).unwrap();
        assert_eq!(control["results"][0]["status"] == "passed", passes, "{}", record.id);
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let found = results.iter().any(|result| result["ruleId"] == record.id.as_str());
        assert_eq!(found, !passes && record.result != Outcome::NotApplicable, "{}", record.id);
        assert_eq!(statement.predicate.passed_tests.contains(&record.id), passes, "{}", record.id);
    }
    assert_eq!(statement.predicate.failed_tests, ["SSH-04", "KEY-01", "PRD-13"]);
    assert_eq!(statement.predicate.warned_tests, ["OSL-01", "SSH-13"]);
}

#[test]
fn nothing_vouches_for_a_practice_image_or_one_that_is_undecided() {
    let verdict_case = |report: &Report| {
        let xml = junit(report, SHA256);
        xml.split("<testcase").nth(1).unwrap().lines().nth(1).unwrap().trim().to_owned()
    };
    let seaworthy = sample();
    assert!(verdict_case(&seaworthy).starts_with("<system-out>"), "{}", verdict_case(&seaworthy));
    assert_eq!(intoto::statement(&seaworthy, SHA256).predicate.result, intoto::Grade::Warned);
    let practice = Report { kind: Kind::Practice, ..sample() };
    assert!(verdict_case(&practice).starts_with("<failure type=\"practice\""));
    assert_eq!(intoto::statement(&practice, SHA256).predicate.result, intoto::Grade::Failed);
    for view in [hdf, sarif] {
        assert!(view(&practice, SHA256).contains("PRACTICE, vouches for nothing"));
    }
    let mut undecided = sample();
    undecided.summary.verdict = Verdict::Undecided;
    undecided.guidelines.iter_mut().for_each(|record| record.result = Outcome::Deferred);
    assert!(verdict_case(&undecided).starts_with("<error type=\"undecided\""));
    assert_eq!(intoto::statement(&undecided, SHA256).predicate.result, intoto::Grade::Failed);
}

#[test]
fn a_waiver_is_told_with_its_reason_and_end() {
    let report = sample();
    let reason = "The console needs it until 3.2 is out.";
    let xml = junit(&report, SHA256);
    let case = xml.split("<testcase").find(|case| case.contains("SSH-13")).unwrap();
    assert!(
        case.contains("<skipped type=\"waived\"") && case.contains(reason) && case.contains("2027-03-31"),
        "{case}"
    );
    let hdf = parsed(hdf, &report);
    let controls = hdf["profiles"][0]["controls"].as_array().unwrap();
    let waiver = &controls.iter().find(|control| control["id"] == "SSH-13").unwrap()["waiver_data"];
    assert_eq!((&waiver["justification"], &waiver["expiration_date"]), (&reason.into(), &"2027-03-31".into()));
    let sarif = parsed(sarif, &report);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "SSH-13").unwrap();
    assert!(result["suppressions"][0]["justification"].as_str().unwrap().contains(reason));
}

#[test]
fn an_image_audit_names_the_ami_where_the_instance_itself_was_looked_at() {
    let subject = |region: &str, of, kind| {
        let mut report = Report { kind, ..sample() };
        report.identity.of = of;
        report.identity.claims = Some(InstanceInfo {
            instance_id: None,
            image_id: Some("ami-0abc".into()),
            region: Some(region.into()),
            account_id: None,
        });
        let statement = intoto::statement(&report, SHA256);
        statement.subject.into_iter().nth(1).map(|ami| (ami.name, ami.digest["arn"].clone()))
    };
    for (region, arn) in [
        ("eu-west-1", "arn:aws:ec2:eu-west-1::image/ami-0abc"),
        ("cn-north-1", "arn:aws-cn:ec2:cn-north-1::image/ami-0abc"),
        ("us-gov-west-1", "arn:aws-us-gov:ec2:us-gov-west-1::image/ami-0abc"),
    ] {
        assert_eq!(subject(region, IdentityOf::Image, Kind::ImageAudit), Some(("ami-0abc".into(), arn.into())));
    }
    assert_eq!(subject("eu-west-1", IdentityOf::Inspector, Kind::ImageAudit), None);
    assert_eq!(subject("eu-west-1", IdentityOf::Image, Kind::Build), None, "it was started from another image");
}

#[test]
fn a_place_in_the_image_is_a_uri_below_its_root() {
    let mut report = mixed();
    let record = report.guidelines.iter_mut().find(|record| record.id == "SSH-04").unwrap();
    record.after.observations[0].path = Some("/srv/a b/50%:\u{e9}?#".into());
    let sarif = parsed(sarif, &report);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "SSH-04").unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "srv/a%20b/50%25%3A%C3%A9%3F%23");
    assert_eq!(place["region"]["startLine"], 2);
    assert_eq!(place["region"]["snippet"]["text"], "PermitRootLogin yes");
}

/// The sample with `text` in every place that takes any text, whoever wrote it.
fn hostile(text: &str) -> Report {
    fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| texts(item, &format!("{at}/{index}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| texts(field, &format!("{at}/{name}"), found));
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(mixed()).unwrap();
    let mut places = Vec::new();
    texts(&value, "", &mut places);
    let mut replaced = 0;
    for place in &places {
        let before = std::mem::replace(value.pointer_mut(place).unwrap(), text.into());
        // Times and words of a fixed list take no other text.
        if serde_json::from_value::<Report>(value.clone()).is_err() {
            *value.pointer_mut(place).unwrap() = before;
        } else {
            replaced += 1;
        }
    }
    assert!(replaced > 50, "{replaced} of {}", places.len());
    serde_json::from_value(value).unwrap()
}

fn is_visible(text: &str) -> bool {
    crate::image::text::visible(text) == text
}

/// Every string of it, names of fields too.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            found.push(name);
            strings(field, found);
        }),
        _ => {}
    }
}

/// The tags of a document without comments, processing instructions and CDATA, which these views never write; fails when
/// it is not well formed.
fn well_formed(xml: &str) -> Result<(), String> {
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").ok_or("no declaration")?;
    let mut open: Vec<&str> = Vec::new();
    let plain = |text: &str| {
        let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        text.split('&').skip(1).all(|after| entities.iter().any(|entity| after.starts_with(entity)))
            && !text.contains(['<', '>', '\u{fffe}', '\u{ffff}'])
            && text.split('\n').all(is_visible)
    };
    while let Some((text, after)) = rest.split_once('<') {
        let (tag, next) = after.split_once('>').ok_or("a tag is not closed")?;
        if !plain(text) || !plain(tag) {
            return Err(format!("{text:?} {tag:?}"));
        }
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} closes something else"));
            }
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        // name="value" and nothing else.
        if tag.matches('"').count() % 2 != 0 || tag.split('"').step_by(2).any(|part| part.contains('\'')) {
            return Err(format!("odd quotes in {tag:?}"));
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    if open.is_empty() && rest == "\n" { Ok(()) } else { Err(format!("open: {open:?}, then {rest:?}")) }
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let report = hostile(text);
    let xml = junit(&report, SHA256);
    prop_assert!(well_formed(&xml).is_ok(), "{:?}\n{xml}", well_formed(&xml));
    for (name, view) in PROGRAMS.into_iter().skip(1) {
        let value: Value = serde_json::from_str(&view(&report, SHA256)).unwrap();
        let mut found = Vec::new();
        strings(&value, &mut found);
        for text in found {
            prop_assert!(text.split('\n').all(is_visible), "{name}: {text:?}");
        }
    }
    Ok(())
}

#[test]
fn texts_meant_to_break_out_do_not() {
    for text in [
        "\"/><testcase name='x'/>",
        "]]></failure><![CDATA[",
        "</system-out><system-out>&lt;&#x1b;",
        "\",\"status\":\"passed\",\"x\":\"",
        "\u{1b}[2J\u{202e}\u{200b}\u{fffe}\u{ffff}\u{e0041}\u{0}\r\n\t",
        "{0} {1} }{ [click](https://evil.example) [x](0)",
    ] {
        holds(text).unwrap();
    }
}

#[test]
fn a_message_of_sarif_has_no_placeholders_and_no_links() {
    let sarif = parsed(sarif, &hostile("{0} [click](https://evil.example)"));
    let text = sarif["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(text.starts_with("{{0}} [click]\\u{{28}}https://evil.example)"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_text_stays_text(text in "(\\PC|[<>&\"'{}\\[\\]()\\\\/]|[\u{0}-\u{1f}]|[\u{200b}-\u{202e}]|[\u{fff0}-\u{ffff}]|[\u{e0000}-\u{e007f}]){0,40}") {
        holds(&text)?;
    }
}
