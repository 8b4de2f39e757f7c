//! The practice image as the product sees it: its mistakes are found, mended and brought back.

use std::collections::BTreeSet;

use seaworthy::catalogue::{Catalogue, Severity};
use seaworthy::change::{State, What, apply, plan, undo};
use seaworthy::check::{Context, Findings, Status, survey};
use seaworthy::image::Image;
use seaworthy::image::walk::Control;
use seaworthy::practice::{LessonInfo, PracticeImage, lessons};

use crate::support::{differences, traces};

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// A lesson laid out, and what was found in it.
struct Practice {
    lesson: LessonInfo,
    place: PracticeImage,
    image: Image,
    catalogue: Catalogue,
}

fn every_lesson() -> Vec<Practice> {
    let catalogue = Catalogue::built_in().unwrap();
    lessons()
        .unwrap()
        .into_iter()
        .map(|lesson| {
            let place = PracticeImage::build(Some(lesson.name)).unwrap();
            let image = Image::open(&place.root()).unwrap();
            Practice { lesson, place, image, catalogue: catalogue.clone() }
        })
        .collect()
}

impl Practice {
    fn judged(&self) -> (Context, Findings) {
        survey(&self.image.refreshed(), &self.catalogue, Context::on(TODAY), &Control::new(), &|_| {})
    }
}

/// The ids that stand as `status`, with what was said.
fn standing(findings: &Findings, status: Status) -> Vec<(&str, &str)> {
    let of = |(id, finding): &'_ (String, seaworthy::check::Finding)| finding.status == status && !id.is_empty();
    findings.iter().filter(|found| of(found)).map(|(id, finding)| (id.as_str(), finding.summary.as_str())).collect()
}

#[test]
fn a_lesson_breaks_what_it_says_and_nothing_else() {
    for practice in every_lesson() {
        let (_, findings) = practice.judged();
        let failing = standing(&findings, Status::Fail);
        let said: BTreeSet<&str> = practice.lesson.broken.iter().map(String::as_str).collect();
        let found: BTreeSet<&str> = failing.iter().map(|(id, _)| *id).collect();
        let unsaid: Vec<_> = failing.iter().filter(|(id, _)| !said.contains(id)).collect();
        let sound: Vec<_> = findings
            .iter()
            .filter(|(id, _)| said.contains(id.as_str()) && !found.contains(id.as_str()))
            .map(|(id, finding)| (id, finding.status, &finding.summary))
            .collect();
        assert!(
            unsaid.is_empty() && sound.is_empty(),
            "{}: fails unannounced: {unsaid:#?}\nannounced, but does not fail: {sound:#?}",
            practice.lesson.name
        );
    }
}

#[test]
fn remedies_mend_a_lesson_and_undo_brings_it_back() {
    for practice in every_lesson() {
        let name = practice.lesson.name;
        let before = traces(&practice.place.root());
        let state = State::at(&practice.place.state()).unwrap();
        let (context, findings) = practice.judged();
        let chosen: Vec<String> = practice
            .catalogue
            .guidelines
            .iter()
            .filter(|guideline| guideline.fix.is_some())
            .map(|guideline| guideline.id.clone())
            .filter(|id| findings.iter().any(|(found, finding)| found == id && finding.status == Status::Fail))
            .collect();
        let planned = plan(&practice.image, &practice.catalogue, &findings, &context, &chosen);
        assert!(planned.refused.is_empty(), "{name}: {:#?}", planned.refused);
        let left: BTreeSet<&str> = planned.left.iter().map(|left| left.guideline.as_str()).collect();
        assert_eq!(left, practice.lesson.left.iter().map(String::as_str).collect(), "{name}: {:#?}", planned.left);
        apply(&practice.image, &planned, &state, &mut |_| {}).unwrap();

        let (_, after) = practice.judged();
        let left: Vec<_> = standing(&after, Status::Fail)
            .into_iter()
            .filter(|(id, _)| !practice.lesson.left.iter().any(|left| left == id))
            .filter(|(id, _)| {
                practice.catalogue.get(id).is_some_and(|g| g.severity == Severity::Required && g.fix.is_some())
            })
            .collect();
        assert!(left.is_empty(), "{name} still fails: {left:#?}");

        undo(&practice.image, &state, &What::Everything, &mut |_| {}).unwrap();
        assert_eq!(differences(&before, &traces(&practice.place.root())), Vec::<String>::new(), "{name}");
    }
}
