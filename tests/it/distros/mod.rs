//! Every supported distribution as its maker publishes it, and after a week of use and the tool's own remedies: what
//! fails, what cannot be decided, and why each is right (`distros/*.toml`, tables `stock` and `sealed`).

use seaworthy::catalogue::Catalogue;
use seaworthy::change::{State, apply, plan};
use seaworthy::check::{Context, Findings, Status, survey};
use seaworthy::image::Image;
use seaworthy::image::walk::Control;

pub(crate) mod database;
mod rpm_root;
pub(crate) mod tree;

use tree::{Table, Tree, all};

use crate::roots;

/// What stands so on every distribution, used or not.
const EVERYWHERE: &str = "layers/everywhere";

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

fn judged(image: &Image, catalogue: &Catalogue) -> (Context, Findings) {
    survey(&image.refreshed(), catalogue, Context::on(TODAY), &Control::new(), &|_| {})
}

/// What is found against what the tables say, each difference a line.
fn compared(name: &str, findings: &Findings, tables: [&Table; 2]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, finding) in findings {
        let expected = if tables.iter().any(|table| table.fails.contains_key(id)) {
            Some(Status::Fail)
        } else {
            tables.iter().any(|table| table.unknown.contains_key(id)).then_some(Status::Unknown)
        };
        let found = Some(finding.status).filter(|status| matches!(status, Status::Fail | Status::Unknown));
        if found != expected {
            let seen: Vec<_> =
                finding.observations.iter().take(4).map(|seen| (&seen.path, seen.line, &seen.text)).collect();
            wrong.push(format!("{name}: {id} is {}: {} {seen:?}", finding.status.word(), finding.summary));
        }
    }
    let ids = tables.into_iter().flat_map(|table| table.fails.keys().chain(table.unknown.keys()));
    let strangers = ids.filter(|id| findings.iter().all(|(found, _)| found != *id));
    wrong.extend(strangers.map(|id| format!("{name}: {id} is in the table and not in the catalogue")));
    wrong
}

#[test]
fn a_stock_image_fails_what_its_table_says_and_nothing_else() {
    let (catalogue, everywhere) = (Catalogue::built_in().unwrap(), Tree::read(EVERYWHERE));
    let mut wrong = Vec::new();
    for (name, tree) in all() {
        let root = tree.laid_out();
        let (_, findings) = judged(&Image::open(root.path()).unwrap(), &catalogue);
        wrong.extend(compared(&name, &findings, [&tree.stock, &everywhere.stock]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_used_image_is_mended_but_for_what_its_table_says() {
    let (catalogue, everywhere) = (Catalogue::built_in().unwrap(), Tree::read(EVERYWHERE));
    let mut wrong = Vec::new();
    for (name, tree) in all() {
        let tree = tree.with("used");
        let root = tree.laid_out();
        let image = Image::open(root.path()).unwrap();
        let (context, findings) = judged(&image, &catalogue);
        let fails = |id: &str| findings.iter().any(|(found, finding)| found == id && finding.status == Status::Fail);
        for id in ["KEY-01", "KEY-03", "SEC-05", "IDN-01", "IDN-08", "LOG-01"] {
            assert!(fails(id), "{name}: a week of use leaves no trace for {id}");
        }
        let chosen: Vec<String> = catalogue
            .guidelines
            .iter()
            .filter(|guideline| guideline.fix.is_some() && fails(&guideline.id))
            .map(|guideline| guideline.id.clone())
            .collect();
        let planned = plan(&image, &catalogue, &findings, &context, &chosen);
        wrong.extend(
            planned
                .refused
                .iter()
                .map(|refused| format!("{name}: {} is refused: {}", refused.guideline, refused.reason)),
        );
        let state = tempfile::tempdir().unwrap();
        apply(&image, &planned, &State::at(state.path()).unwrap(), &mut |_| {}).unwrap();
        let (_, after) = judged(&image, &catalogue);
        wrong.extend(compared(&name, &after, [&tree.sealed, &everywhere.stock]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What debootstrap and apt make, without anything a cloud image has besides.
#[test]
#[ignore = "needs debootstrap and root; run by .ci/run"]
fn a_bootstrapped_debian_fails_what_its_table_says_and_nothing_else() {
    let (catalogue, everywhere) = (Catalogue::built_in().unwrap(), Tree::read(EVERYWHERE));
    let mut wrong = Vec::new();
    for release in [11, 12, 13] {
        let name = format!("bootstrapped/debian-{release}");
        let (_, findings) = judged(&Image::open(&roots::debian(release)).unwrap(), &catalogue);
        wrong.extend(compared(&name, &findings, [&Tree::read(&name).stock, &everywhere.stock]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
