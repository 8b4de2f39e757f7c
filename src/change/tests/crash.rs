//! Every step of apply, undo and finish, each ended by a crash or an error of the kernel.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;

use super::*;
use crate::image::write::fault::{self, Fault};

/// Runs `act` with the fault at `step`; `None` when the step was never reached.
pub(super) fn with_fault<T>(step: usize, fault: Fault, act: impl FnOnce() -> T) -> Option<Result<T, ()>> {
    fault::arm(Some((step, fault)));
    let result = catch_unwind(AssertUnwindSafe(act)).map_err(|_| ());
    let reached = !fault::is_armed();
    fault::arm(None);
    reached.then_some(result)
}

pub(super) fn quiet() {
    // Simulated crashes are panics; their messages would drown the test's own.
    std::panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<&str>() != Some(&"crash") {
            eprintln!("{info}");
        }
    }));
}

#[test]
fn after_a_crash_at_any_step_everything_can_be_taken_back() {
    quiet();
    let mut step = 0;
    loop {
        let bench = Bench::quick();
        let (before, plan) = (bench.tree(), bench.plan());
        let Some(result) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        assert!(result.is_err());
        let runs = bench.state().runs().unwrap();
        match runs.first().map(|run| run.standing) {
            None => {}
            Some(state::Standing::Unfinished) => {
                assert!(matches!(bench.apply(&plan), Err(ApplyError::Unfinished { .. })));
                bench.undo(&What::Last).unwrap();
            }
            Some(_) => {
                bench.undo(&What::Last).unwrap();
            }
        }
        assert_same(&bench.tree(), &before, &format!("crash at step {step}, then undo"));
        step += 1;
    }
    assert!(step > 50, "only {step} steps");
}

#[test]
fn after_a_crash_at_any_step_the_run_can_be_finished() {
    quiet();
    let whole = Bench::quick();
    whole.apply(&whole.plan()).unwrap();
    let wanted = without_times(whole.tree());
    let mut step = 0;
    loop {
        let bench = Bench::quick();
        let (before, plan) = (bench.tree(), bench.plan());
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        let runs = bench.state().runs().unwrap();
        match runs.first().map(|run| run.standing) {
            None => assert_same(&bench.tree(), &before, "nothing begun"),
            Some(standing) => {
                if standing == state::Standing::Unfinished {
                    finish(&bench.image(), &bench.state(), &runs[0].id, &mut |_| {}).unwrap();
                }
                assert_same(&without_times(bench.tree()), &wanted, &format!("crash at step {step}, then finish"));
                bench.undo(&What::Last).unwrap();
                assert_same(&bench.tree(), &before, &format!("crash at step {step}, finish, then undo"));
            }
        }
        step += 1;
    }
    assert!(step > 50, "only {step} steps");
}

#[test]
fn taking_back_may_be_interrupted_too() {
    quiet();
    let mut crashed_back = 0;
    for step in (0..).step_by(7) {
        let bench = Bench::quick();
        let (before, plan) = (bench.tree(), bench.plan());
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        for back in (0..).step_by(5) {
            if bench.state().runs().unwrap().first().is_none_or(|run| run.standing == state::Standing::Undone) {
                break;
            }
            if with_fault(back, Fault::Crash, || bench.undo(&What::Last)).is_some() {
                crashed_back += 1;
            }
        }
        assert_same(&bench.tree(), &before, &format!("crash at step {step}, undo crashed too"));
    }
    assert!(crashed_back > 10);
}

#[test]
fn what_somebody_edits_after_a_crash_survives() {
    quiet();
    let mut survived = 0;
    for step in (0..).step_by(3) {
        let bench = Bench::quick();
        let plan = bench.plan();
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        if bench.state().runs().unwrap().first().is_none_or(|run| run.standing != state::Standing::Unfinished) {
            continue;
        }
        let text = bench.read("etc/ssh/sshd_config").replace("X11Forwarding yes", "X11Forwarding no");
        bench.write("etc/ssh/sshd_config", &text, 0o600);
        let undone = bench.undo(&What::Last).unwrap();
        let wanted = "Port 22\nPermitRootLogin yes\nUseDNS yes\nX11Forwarding no\n";
        assert_eq!(bench.read("etc/ssh/sshd_config"), wanted, "step {step}");
        assert!(!undone.merged.is_empty());
        assert_eq!(bench.state().runs().unwrap()[0].standing, state::Standing::Undone);
        let rest = bench.tree();
        assert!(rest.contains_key(Path::new("var/cache/x/deep/two")) && !rest.contains_key(Path::new("etc/new.d")));
        assert!(!rest.keys().any(|path| path.to_string_lossy().ends_with('~')));
        survived += 1;
    }
    assert!(survived > 5);
}

#[test]
fn an_interrupted_undo_can_be_completed_or_called_off() {
    quiet();
    for call_off in [false, true] {
        let mut step = 0;
        loop {
            let bench = Bench::quick();
            let before = bench.tree();
            let run = bench.apply(&bench.plan()).unwrap().run;
            let after = without_times(bench.tree());
            let Some(_) = with_fault(step, Fault::Crash, || bench.undo(&What::Last)) else { break };
            let when = format!("undo crashed at step {step}, call off: {call_off}");
            let standing = bench.state().runs().unwrap()[0].standing;
            if call_off && standing == state::Standing::Unfinished {
                finish(&bench.image(), &bench.state(), &run, &mut |_| {}).unwrap();
                assert_same(&without_times(bench.tree()), &after, &when);
                assert_eq!(bench.state().runs().unwrap()[0].standing, state::Standing::Done);
            }
            if standing != state::Standing::Undone {
                bench.undo(&What::Run(run)).unwrap();
            }
            assert_same(&bench.tree(), &before, &when);
            step += 1;
        }
        assert!(step > 50, "only {step} steps");
    }
}

#[test]
fn an_error_at_any_step_is_told_and_leaves_nothing_half_done() {
    quiet();
    let errors = [
        (Errno::ENOSPC, 1),
        (Errno::EIO, 2),
        (Errno::EROFS, 2),
        (Errno::EDQUOT, 2),
        (Errno::EPERM, 2),
        (Errno::EINTR, 2),
    ];
    for (errno, stride) in errors {
        let mut step = 0;
        loop {
            let bench = Bench::quick();
            let (before, plan) = (bench.tree(), bench.plan());
            let Some(result) = with_fault(step, Fault::Error(errno), || bench.apply(&plan)) else { break };
            let when = format!("{errno} at step {step}: {result:?}");
            match result.unwrap() {
                Ok(_) => {
                    // A step that may fail: what it was for is in the journal.
                    bench.undo(&What::Last).unwrap();
                }
                Err(ApplyError::Stuck { .. } | ApplyError::Untidy { .. }) => {
                    bench.undo(&What::Last).unwrap();
                }
                Err(_) => {}
            }
            assert_same(&bench.tree(), &before, &when);
            step += stride;
        }
        assert!(step > 50, "only {step} steps");
    }
}

#[test]
fn an_error_at_any_step_of_finishing_leaves_both_ways_open() {
    quiet();
    let whole = Bench::quick();
    whole.apply(&whole.plan()).unwrap();
    let wanted = without_times(whole.tree());
    let errors = [Errno::ENOSPC, Errno::EIO, Errno::EROFS, Errno::EDQUOT, Errno::EPERM, Errno::EINTR];
    let mut failed = 0;
    for crash in (20..).step_by(11) {
        let mut again = 0;
        loop {
            let bench = Bench::quick();
            let (before, plan) = (bench.tree(), bench.plan());
            let Some(_) = with_fault(crash, Fault::Crash, || bench.apply(&plan)) else { break };
            let Some(run) = bench.state().runs().unwrap().pop() else { break };
            if run.standing != state::Standing::Unfinished {
                break;
            }
            let errno = errors[again % errors.len()];
            let act = || finish(&bench.image(), &bench.state(), &run.id, &mut |_| {});
            let Some(result) = with_fault(again, Fault::Error(errno), act) else { break };
            let when = format!("crash at {crash}, then {errno} at {again} of finishing: {result:?}");
            failed += usize::from(result.unwrap().is_err());
            let open = bench.state().runs().unwrap()[0].standing == state::Standing::Unfinished;
            if open && again % 2 == 0 {
                finish(&bench.image(), &bench.state(), &run.id, &mut |_| {}).unwrap();
                assert_same(&without_times(bench.tree()), &wanted, &when);
            }
            if bench.state().runs().unwrap()[0].standing != state::Standing::Undone {
                bench.undo(&What::Last).unwrap();
            }
            assert_same(&bench.tree(), &before, &when);
            again += 7;
        }
        let bench = Bench::quick();
        let plan = bench.plan();
        if with_fault(crash, Fault::Crash, || bench.apply(&plan)).is_none() {
            break;
        }
    }
    assert!(failed > 10, "failed {failed} times");
}

#[test]
fn an_error_at_any_step_of_undo_leaves_the_run_in_force() {
    quiet();
    let errors = [Errno::ENOSPC, Errno::EIO, Errno::EROFS, Errno::EDQUOT, Errno::EPERM];
    let mut step = 0;
    loop {
        let bench = Bench::quick();
        let before = bench.tree();
        bench.apply(&bench.plan()).unwrap();
        let after = without_times(bench.tree());
        let errno = errors[step % errors.len()];
        let Some(result) = with_fault(step, Fault::Error(errno), || bench.undo(&What::Last)) else { break };
        let when = format!("{errno} at step {step}: {result:?}");
        if result.unwrap().is_err() {
            if bench.state().runs().unwrap()[0].standing == state::Standing::Done {
                assert_same(&without_times(bench.tree()), &after, &when);
            }
            bench.undo(&What::Last).unwrap();
        }
        assert_same(&bench.tree(), &before, &when);
        step += 1;
    }
    assert!(step > 50, "only {step} steps");
}

/// The plan of all sorts, to be carried out with every given-up file overwritten.
fn shredding(bench: &Bench) -> Plan {
    Plan { shred: true, ..bench.plan() }
}

#[test]
fn an_interrupted_overwriting_is_finished_or_taken_back() {
    quiet();
    let whole = Bench::quick();
    whole.apply(&shredding(&whole)).unwrap();
    let wanted = without_times(whole.tree());
    let mut step = 0;
    loop {
        let bench = Bench::quick();
        let (before, plan) = (bench.tree(), shredding(&bench));
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        let runs = bench.state().runs().unwrap();
        let open = runs.first().filter(|run| run.standing == state::Standing::Unfinished);
        if let Some(run) = open.filter(|_| step % 2 == 0) {
            finish(&bench.image(), &bench.state(), &run.id, &mut |_| {}).unwrap();
            assert_same(&without_times(bench.tree()), &wanted, &format!("crash at step {step}, then finish"));
        }
        if !runs.is_empty() {
            bench.undo(&What::Last).unwrap();
        }
        assert_same(&bench.tree(), &before, &format!("crash at step {step}, then undo"));
        step += 1;
    }
    assert!(step > 70, "only {step} steps");
}

#[test]
fn an_error_while_overwriting_is_told_and_nothing_is_half_done() {
    quiet();
    let mut told = 0;
    let mut step = 0;
    loop {
        let bench = Bench::quick();
        let (before, plan) = (bench.tree(), shredding(&bench));
        let mut said = Vec::new();
        let mut tell =
            |step: ApplyStep| said.extend(if let ApplyStep::Done { what } = step { Some(what) } else { None });
        let act = || apply(&bench.image(), &plan, &bench.state(), &mut tell);
        let Some(result) = with_fault(step, Fault::Error(Errno::EIO), act) else { break };
        let when = format!("EIO at step {step}: {result:?}");
        told += usize::from(said.iter().any(|what| what.contains("not overwritten")));
        let result = result.unwrap();
        if result.is_ok() {
            assert!(!bench.tree().keys().any(|path| path.to_string_lossy().ends_with('~')), "{when}");
        }
        if matches!(result, Ok(_) | Err(ApplyError::Stuck { .. } | ApplyError::Untidy { .. })) {
            bench.undo(&What::Last).unwrap();
        }
        assert_same(&bench.tree(), &before, &when);
        step += 1;
    }
    assert!(told > 4, "told {told} times in {step} steps");
}
