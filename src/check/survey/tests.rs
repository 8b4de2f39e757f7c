use std::sync::Mutex;

use jiff::civil::date;

use super::*;
use crate::check::Status;
use crate::image::fixture::Fixture;

#[test]
fn every_guideline_is_judged_once_and_those_that_need_the_sweep_come_last() {
    let fixture = Fixture::debian();
    fixture.cloud_init("admin").openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n");
    let catalogue = Catalogue::built_in().unwrap();
    let told = Mutex::new(Vec::new());
    let (context, findings) =
        survey(&fixture.image(), &catalogue, Context::on(date(2026, 11, 22)), &Control::new(), &|progress| {
            told.lock().unwrap().push(progress);
        });
    let ids = |found: &crate::check::Findings| found.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&findings), catalogue.guidelines.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
    assert_eq!(findings, crate::check::judge_all(&fixture.image(), &catalogue, &context));
    let told = told.into_inner().unwrap();
    let judged: Vec<&String> = told
        .iter()
        .filter_map(|progress| match progress {
            Progress::Judged { id, .. } => Some(id),
            Progress::Swept { .. } | Progress::Found { .. } | Progress::Waiting { .. } => None,
        })
        .collect();
    assert_eq!(judged.len(), findings.len());
    let late = judged.iter().skip_while(|id| !needs_sweep(catalogue.get(id).unwrap()));
    assert!(late.into_iter().all(|id| needs_sweep(catalogue.get(id).unwrap())));
}

#[test]
fn an_image_with_almost_nothing_is_never_seaworthy_by_accident() {
    let fixture = Fixture::bare();
    let catalogue = Catalogue::built_in().unwrap();
    let (_, findings) = survey(&fixture.image(), &catalogue, Context::on(date(2026, 11, 22)), &Control::new(), &|_| {});
    for id in ["ACC-01", "ACC-02", "ACC-03", "ACC-04", "ACC-05", "ACC-08"] {
        let finding = &findings.iter().find(|(found, _)| found == id).unwrap().1;
        assert_eq!(finding.status, Status::Unknown, "{id}: {finding:?}");
    }
}

#[test]
fn hits_are_told_before_their_guideline_is_judged_and_are_those_it_then_shows() {
    let fixture = Fixture::debian();
    let key = ["AKIA", "QX7RT2ZLM4WB6KDP"].concat();
    for number in 0..TOLD_LIMIT + 30 {
        fixture.file(&format!("/opt/app/{number}/settings"), &key);
    }
    let catalogue = Catalogue::built_in().unwrap();
    let told = Mutex::new((Vec::new(), 0, false));
    let progress = |progress| {
        let mut told = told.lock().unwrap();
        match progress {
            Progress::Found { id, seen, places } if id == "SEC-01" => {
                assert!(!told.2 && places > told.1, "{places} after {}", told.1);
                told.0.extend(seen);
                told.1 = places;
            }
            Progress::Judged { id, .. } if id == "SEC-01" => told.2 = true,
            _ => {}
        }
    };
    let context = Context::on(date(2026, 11, 22));
    let (_, findings) = survey(&fixture.image(), &catalogue, context, &Control::new(), &progress);
    let (seen, places, judged) = told.into_inner().unwrap();
    assert!(judged && seen.len() == TOLD_LIMIT && places == TOLD_LIMIT + 30, "{} of {places}", seen.len());
    let finding = &findings.iter().find(|(id, _)| id == "SEC-01").unwrap().1;
    assert_eq!(finding.observations.len(), places);
    assert!(seen.iter().all(|seen| finding.observations.contains(seen)));
}

#[test]
fn a_cancelled_sweep_lets_nothing_pass() {
    let control = Control::new();
    control.cancel();
    let catalogue = Catalogue::built_in().unwrap();
    let context = Context::on(date(2026, 11, 22));
    let (_, findings) = survey(&Fixture::debian().image(), &catalogue, context, &control, &|_| {});
    for (id, finding) in findings {
        let guideline = catalogue.get(&id).unwrap();
        assert!(!needs_sweep(guideline) || finding.status != Status::Pass, "{id}: {finding:?}");
    }
}
