//! What runs on a running machine and is taken out of its start: stopped when the files of a run are in place, and started
//! again when the run is taken back.
//!
//! Enabled and masked are links, and come back as files. A unit that does not stop or start is told, and undoes nothing.

use std::path::{Path, PathBuf};

use super::fix::mask;
use super::journal::{Event, Journal};
use super::run::{Run, ServiceStep};
use super::state::Record;
use super::{ApplyStep, Change, Effect, Plan};
use crate::image::live::Live;
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

/// Where the links lie that say what starts (systemd.unit(5), "System Unit Search Path").
const PLACES: [&str; 2] = ["/etc/systemd/system", "/run/systemd/system"];

/// The machine that runs, when `image` is it and systemd runs it.
fn machine(image: &Image) -> Option<&Live> {
    let is_ours = image.mount_point() == Path::new("/");
    let has_systemd = || matches!(image.stat(Path::new("/run/systemd/system")), Ok(Some(_)));
    image.live().filter(|_| is_ours && has_systemd())
}

/// The units that run now and that `plan` masks or disables; never one without which nobody gets in.
pub(super) fn effects(image: &Image, plan: &Plan) -> Vec<Effect> {
    let Some(live) = machine(image).filter(|_| !plan.steps.is_empty()) else { return Vec::new() };
    let Ok(running) = live.services(image) else { return Vec::new() };
    let running: Vec<&str> = running.iter().map(|unit| unit.name.as_str()).collect();
    stopped(image, plan, &running)
}

/// As [`effects`], with what runs.
fn stopped(image: &Image, plan: &Plan, running: &[&str]) -> Vec<Effect> {
    let drafted = image.drafted(plan.overlay.clone());
    let (Ok(now), Ok(then)) = (image.units(), drafted.units()) else { return Vec::new() };
    let mut effects: Vec<Effect> = Vec::new();
    for step in &plan.steps {
        for path in step.changes.iter().filter_map(unit_path) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(unit) = now.unit(name) else { continue };
            let after = then.unit(&unit.name);
            if !is_taken_out(unit, after) {
                continue;
            }
            // What would start it again goes first. What is disabled only may still be wanted by its socket.
            let is_masked = after.is_none_or(|after| after.state == State::Masked);
            let stem = unit.name.strip_suffix(".service").filter(|_| is_masked);
            let starters = ["socket", "path", "timer"].into_iter().filter_map(|kind| Some(format!("{}.{kind}", stem?)));
            for name in starters.chain([unit.name.clone()]) {
                let is_known =
                    effects.iter().any(|effect| matches!(effect, Effect::Stops { unit, .. } if *unit == name));
                if running.contains(&name.as_str()) && !mask::is_needed(&name) && !is_known {
                    effects.push(Effect::Stops { guideline: step.guideline.clone(), unit: name });
                }
            }
        }
    }
    effects
}

fn unit_path(change: &Change) -> Option<&Path> {
    match change {
        Change::Path { path, .. } if is_unit_path(path) => Some(path),
        _ => None,
    }
}

fn is_unit_path(path: &Path) -> bool {
    PLACES.iter().any(|place| path.starts_with(place))
}

/// Whether what starts `now` does so no more `then`.
fn is_taken_out(now: &Unit, then: Option<&Unit>) -> bool {
    match then {
        None => true,
        Some(then) => {
            let is_masked = then.state == State::Masked && now.state != State::Masked;
            is_masked || (!now.enabled_by.is_empty() && then.enabled_by.is_empty())
        }
    }
}

/// The steps that `plan` asks for.
pub(super) fn steps(plan: &Plan) -> Vec<ServiceStep> {
    let steps = plan.effects.iter().filter_map(|effect| match effect {
        Effect::Stops { guideline, unit } => {
            Some(ServiceStep { guideline: guideline.clone(), unit: unit.clone(), starts: false })
        }
        Effect::Splits { .. } => None,
    });
    steps.collect()
}

/// Stops, or for an undo starts, what `run` says, once its files are in place. What `resumed` says was done is passed over.
/// Gives what did not work, each in a sentence.
pub(super) fn carry_out(
    image: &Image,
    run: &Run,
    journal: &mut Journal,
    resumed: Option<&Record>,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Vec<String>, Error> {
    let mut failed = Vec::new();
    let Some(live) = machine(image) else { return Ok(failed) };
    let paths: Vec<PathBuf> = run.moves.iter().map(|step| step.path.to_path()).collect();
    if run.services.is_empty() && !paths.iter().any(|path| is_unit_path(path)) {
        return Ok(failed);
    }
    if let Err(error) = live.hold(image, &[]) {
        failed.push(format!("systemd did not read its units again: {error}"));
    }
    for (place, step) in run.services.iter().enumerate() {
        // Commands are counted first.
        let number = run.commands.len() + place;
        if resumed.is_some_and(|record| record.ended.contains(&number)) {
            continue;
        }
        // One that was stopped by hand meanwhile is not ours to start again.
        if !step.starts && !is_running(live, image, &step.unit) {
            continue;
        }
        let done = if step.starts { "started" } else { "stopped" };
        let argv = argv(step);
        journal.write([Event::CommandStart { number, guideline: step.guideline.clone(), argv }])?;
        let failure = turn(live, image, step);
        let outcome = failure.clone().unwrap_or_else(|| done.to_owned());
        journal.write([Event::CommandDone { number, outcome, success: failure.is_none() }])?;
        match failure {
            None => progress(ApplyStep::Done { what: format!("{done} {}", step.unit) }),
            Some(why) => failed.push(format!("{} was not {done}: {why}", step.unit)),
        }
    }
    Ok(failed)
}

/// The command that does what `step` says.
pub(super) fn argv(step: &ServiceStep) -> Vec<String> {
    let verb = if step.starts { "start" } else { "stop" };
    ["systemctl", verb, &step.unit].map(str::to_owned).to_vec()
}

fn is_running(live: &Live, image: &Image, unit: &str) -> bool {
    live.services(image).is_ok_and(|running| running.iter().any(|other| other.name == unit))
}

/// Stops or starts one unit; why that failed.
fn turn(live: &Live, image: &Image, step: &ServiceStep) -> Option<String> {
    if step.starts {
        let failed = live.start_again(image, &[], &[&step.unit]);
        return (!failed.is_empty()).then(|| format!("look at `systemctl status {}`", step.unit));
    }
    live.stop(image, &step.unit).err().map(|error| error.to_string())
}

/// What `record` stopped, for the guideline `only` if one is named, to be started again in the reverse order.
pub(super) fn to_start(record: &Record, only: Option<&str>) -> Vec<ServiceStep> {
    let steps = record.run.services.iter().enumerate().rev().filter(|(place, step)| {
        let is_picked = only.is_none_or(|id| id.eq_ignore_ascii_case(&step.guideline));
        is_picked && !step.starts && record.started.contains(&(record.run.commands.len() + place))
    });
    steps.map(|(_, step)| ServiceStep { starts: true, ..step.clone() }).collect()
}

/// What an undo that was interrupted and is called off has started.
pub(super) fn to_stop_again(record: &Record) -> Vec<ServiceStep> {
    let steps = record.run.services.iter().enumerate();
    let started =
        steps.filter(|(place, step)| step.starts && record.started.contains(&(record.run.commands.len() + place)));
    started.map(|(_, step)| ServiceStep { starts: false, ..step.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::PlanStep;
    use crate::image::fixture::Fixture;
    use crate::image::{Node, Overlay};

    /// What a plan that makes these changes stops, of what runs.
    fn stops(fixture: &Fixture, changes: &[(&str, Option<Node>)], running: &[&str]) -> Vec<String> {
        let image = fixture.image();
        let mut overlay = Overlay::default();
        let change = |(path, after): &(&str, Option<Node>)| {
            overlay.put(*path, after.clone());
            let before = image.node(Path::new(path)).unwrap();
            Change::Path { path: path.into(), before, after: after.clone(), secret: false }
        };
        let changes = changes.iter().map(change).collect();
        let plan = Plan { steps: vec![PlanStep { guideline: "A-1".into(), changes }], overlay, ..Plan::default() };
        let unit = |effect| match effect {
            Effect::Stops { unit, .. } => unit,
            Effect::Splits { .. } => panic!("no file has other names"),
        };
        stopped(&image, &plan, running).into_iter().map(unit).collect()
    }

    fn masked() -> Node {
        Node::new_link("/dev/null")
    }

    fn fixture() -> Fixture {
        let fixture = Fixture::debian();
        for name in ["nginx.service", "rpcbind.service", "rpcbind.socket", "ssh.service"] {
            let path = format!("/usr/lib/systemd/system/{name}");
            fixture.file(&path, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
            fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{name}"), &path);
        }
        fixture
    }

    #[test]
    fn what_is_masked_or_disabled_and_runs_is_stopped() {
        let fixture = fixture();
        let nginx = "/etc/systemd/system/nginx.service";
        assert_eq!(stops(&fixture, &[(nginx, Some(masked()))], &["nginx.service"]), ["nginx.service"]);
        assert!(stops(&fixture, &[(nginx, Some(masked()))], &["cron.service"]).is_empty());
        let wants = "/etc/systemd/system/multi-user.target.wants/nginx.service";
        assert_eq!(stops(&fixture, &[(wants, None)], &["nginx.service"]), ["nginx.service"]);
        let drop_in = "/etc/systemd/system/nginx.service.d/more.conf";
        assert!(
            stops(&fixture, &[(drop_in, Some(Node::new_file(&b"[Unit]\n"[..], 0o644)))], &["nginx.service"]).is_empty()
        );
    }

    #[test]
    fn a_socket_goes_before_the_service_that_it_would_start_again() {
        let fixture = fixture();
        let service = "/etc/systemd/system/rpcbind.service";
        let running = ["rpcbind.service", "rpcbind.socket"];
        assert_eq!(stops(&fixture, &[(service, Some(masked()))], &running), ["rpcbind.socket", "rpcbind.service"]);
        let wants = "/etc/systemd/system/multi-user.target.wants/rpcbind.service";
        assert_eq!(stops(&fixture, &[(wants, None)], &running), ["rpcbind.service"], "the socket is enabled still");
    }

    #[test]
    fn the_way_in_is_never_stopped() {
        let fixture = fixture();
        assert!(stops(&fixture, &[("/etc/systemd/system/ssh.service", Some(masked()))], &["ssh.service"]).is_empty());
        for unit in ["dbus.service", "systemd-logind.service", "cloud-init.service", "amazon-ssm-agent.service"] {
            assert!(mask::is_needed(unit), "{unit}");
        }
        assert!(mask::is_needed("snap.amazon-ssm-agent.amazon-ssm-agent.service"));
    }
}
