//! The lock-out guard for sshd: a configuration that would not start is never put in place.

use std::collections::BTreeSet;
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
    let exists = |path: &str| matches!(image.stat(Path::new(path)), Ok(Some(_)));
    if image.mode() == Mode::Offline || !exists("/run/systemd/system") {
        return;
    }
    let files = Files::of(image);
    if !run.moves.iter().any(|step| files.contain(&step.path.to_path())) {
        return;
    }
    let names = ["ssh", "sshd"];
    let unit = names.iter().find(|name| exists(&format!("/run/systemd/units/invocation:{name}.service")));
    let Some(unit) = unit else { return };
    let run = |argv: &[&str]| {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        program::run(image, &argv, std::time::Duration::from_secs(60), &mut |_| {})
    };
    // On a reload sshd starts itself anew; with a configuration it refuses, it would be gone. Not every unit tests first.
    let answer = match run(&["/usr/sbin/sshd", "-t"]) {
        Ok(ended) if ended.success() => run(&["/usr/bin/systemctl", "reload", unit]),
        other => other,
    };
    let line = match answer {
        Ok(ended) if ended.success() => format!("reloaded {unit}"),
        Ok(ended) => format!(
            "{unit} was not reloaded ({ended}); it still runs with its old configuration. Look at `systemctl status {unit}`"
        ),
        Err(error) => format!("{unit} was not reloaded: {error}"),
    };
    progress(ApplyStep::Output { line });
}
