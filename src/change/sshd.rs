//! The lock-out guard for sshd: a configuration that would not start is never put in place.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::run::Run;
use super::{ApplyStep, Change, Plan};
use crate::image::{Image, Mode, program};

mod staged;

/// Whether sshd would start with what `plan` leaves.
///
/// # Errors
/// What sshd would say, in one line.
pub(super) fn would_start(image: &Image, plan: &Plan) -> Result<(), String> {
    let changes = plan.steps.iter().flat_map(|step| &step.changes);
    let paths: Vec<&Path> = changes
        .filter_map(|change| match change {
            Change::Path { path, .. } => Some(path.as_path()),
            Change::Command { .. } => None,
        })
        .collect();
    let files = Files::of(image);
    if !paths.iter().any(|path| files.contain(path)) {
        return Ok(());
    }
    let drafted = image.drafted(plan.overlay.clone());
    if let Some(problem) = new_problem(image, &drafted) {
        return Err(problem);
    }
    staged::judge(&drafted)
}

/// The first thing that would keep sshd from starting on `drafted` and does not on `image`.
pub(super) fn new_problem(image: &Image, drafted: &Image) -> Option<String> {
    let fatal = |image: &Image| -> Result<BTreeSet<String>, String> {
        let sshd = image.sshd().map_err(|error| error.to_string())?;
        Ok(sshd.problems.iter().filter(|problem| problem.fatal).map(|problem| problem.message.clone()).collect())
    };
    let after = match fatal(drafted) {
        Ok(after) => after,
        // Unreadable before as well: nothing got worse.
        Err(error) => return fatal(image).is_ok().then_some(error),
    };
    let before = fatal(image).unwrap_or_default();
    after.difference(&before).next().cloned()
}

/// The files that sshd reads.
pub(super) struct Files(BTreeSet<PathBuf>);

impl Files {
    /// Those that `image` has.
    pub(super) fn of(image: &Image) -> Self {
        let Ok(sshd) = image.sshd() else { return Self(BTreeSet::new()) };
        let effective = sshd.effective(None);
        let origins = effective.settings.iter().flat_map(|setting| &setting.origins);
        Self(origins.chain(sshd.matches.iter().map(|block| &block.origin)).map(|origin| origin.path.clone()).collect())
    }

    /// Whether `path` is one of them, or would be once it is there.
    pub(super) fn contain(&self, path: &Path) -> bool {
        PLACES.iter().any(|place| path.starts_with(place)) || self.0.contains(path)
    }
}

/// Where every file may count.
const PLACES: [&str; 4] = ["/etc/ssh", "/usr/etc/ssh", "/usr/lib/ssh", "/etc/crypto-policies"];

/// Lets a running sshd read what `run` changed. A failure is told, and changes nothing: sshd goes on as it was.
pub(super) fn reload(image: &Image, run: &Run, progress: &mut dyn FnMut(ApplyStep)) {
    let files = Files::of(image);
    if image.mode() == Mode::Offline || !run.moves.iter().any(|step| files.contain(&step.path.to_path())) {
        return;
    }
    let Some(running) = Running::find(image) else { return };
    // On a reload sshd starts itself anew; with a configuration it refuses, it would be gone. Not every unit tests first.
    let line = match run_program(image, &["/usr/sbin/sshd", "-t"]).and_then(|()| running.reload(image)) {
        Ok(()) => format!("reloaded {running}"),
        Err(why) => {
            format!("{running} was not reloaded ({why}); it still runs with its old configuration. Look at its log")
        }
    };
    progress(ApplyStep::Output { line });
}

/// A server that runs.
enum Running {
    /// As a unit of systemd.
    Unit(&'static str),
    /// Without systemd: the process that its own file names.
    Process(i32),
}

impl Running {
    fn find(image: &Image) -> Option<Self> {
        let exists = |path: &str| matches!(image.stat(Path::new(path)), Ok(Some(_)));
        if exists("/run/systemd/system") {
            // A link to no file: its target is the number of this start.
            let link = |name: &str| PathBuf::from(format!("/run/systemd/units/invocation:{name}.service"));
            let is_up = |name: &&str| matches!(image.lstat(&link(name)), Ok(Some(_)));
            return ["ssh", "sshd"].into_iter().find(is_up).map(Self::Unit);
        }
        let effective = image.sshd().ok()?.effective(None);
        let text = image.read_text(Path::new(effective.value("pidfile"))).ok()??;
        text.trim().parse().ok().map(Self::Process)
    }

    fn reload(&self, image: &Image) -> Result<(), String> {
        match self {
            Self::Unit(unit) => run_program(image, &["/usr/bin/systemctl", "reload", unit]),
            Self::Process(pid) => match image.live() {
                Some(live) if live.hang_up(*pid, "sshd") => Ok(()),
                _ => Err("it does not run".to_owned()),
            },
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(unit) => f.write_str(unit),
            Self::Process(pid) => write!(f, "sshd (process {pid})"),
        }
    }
}

fn run_program(image: &Image, argv: &[&str]) -> Result<(), String> {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    match program::run(image, &argv, std::time::Duration::from_secs(60), &mut |_| {}) {
        Ok(ended) if ended.success() => Ok(()),
        Ok(ended) => Err(ended.output.lines().next().map_or_else(|| ended.to_string(), str::to_owned)),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    /// systemd's links to the invocations of units point nowhere, and sshd was never reloaded for that.
    #[test]
    fn a_unit_that_runs_is_found_by_a_link_to_nowhere() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n").file("/run/sshd.pid", "8\n");
        let running = |fixture: &Fixture| Running::find(&fixture.image().taken_for_live()).map(|it| it.to_string());
        assert_eq!(running(&fixture).as_deref(), Some("sshd (process 8)"));
        fixture.directory("/run/systemd/system");
        assert_eq!(running(&fixture), None);
        fixture.link("/run/systemd/units/invocation:ssh.service", "2f9c8a7be0d1455c");
        assert_eq!(running(&fixture).as_deref(), Some("ssh"));
    }
}
