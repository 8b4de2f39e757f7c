//! What every subcommand needs, made from the common flags: the image, the catalogue, the clock, the findings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::args::Common;
use super::environment::Environment;
use super::output::{Failure, ProgressLine, note};
use crate::catalogue::Catalogue;
use crate::change::State;
use crate::check::sweep::Sweep;
use crate::check::{self, Context, Findings, Status};
use crate::image::Image;
use crate::image::ami::{self, Ami};
use crate::image::vulnerabilities::{self, Scan};
use crate::image::walk::Control;
use crate::playbook::{Known, Playbook};
use crate::wizard::words;

/// The built-in catalogue, with house rules where `--guidelines` names them.
pub(super) fn catalogue(common: &Common) -> Result<Catalogue, Failure> {
    match &common.guidelines {
        None => Catalogue::built_in().map_err(Failure::failed),
        Some(directory) => {
            Catalogue::with_house_rules(directory).map_err(|error| Failure::Usage(format!("--guidelines: {error}")))
        }
    }
}

/// The catalogue without what `--only` and `--skip` leave out.
pub(super) fn selected(common: &Common, catalogue: &Catalogue) -> Result<Catalogue, Failure> {
    let mut selected = catalogue.clone();
    for id in common.only.iter().chain(&common.skip) {
        known(catalogue, id)?;
    }
    let named = |list: &[String], id: &str| list.iter().any(|name| name.trim().eq_ignore_ascii_case(id));
    selected.guidelines.retain(|guideline| {
        (common.only.is_empty() || named(&common.only, &guideline.id)) && !named(&common.skip, &guideline.id)
    });
    if selected.guidelines.is_empty() {
        return Err(Failure::Usage("--only and --skip leave no guideline; name one that --skip does not".into()));
    }
    Ok(selected)
}

/// The id as the catalogue spells it.
pub(super) fn known(catalogue: &Catalogue, id: &str) -> Result<String, Failure> {
    if id.trim().is_empty() {
        return Err(Failure::Usage("an id is empty; `seaworthy guidelines` lists them".into()));
    }
    catalogue.get(id.trim()).map(|guideline| guideline.id.clone()).ok_or_else(|| {
        Failure::Usage(format!(
            "there is no guideline {}; `seaworthy guidelines` lists them",
            crate::image::text::visible(id.trim())
        ))
    })
}

/// Opens the image that `--root` names.
pub(super) fn image(common: &Common) -> Result<Image, Failure> {
    let image = Image::open(&common.root)?;
    if let Some(live) = image.live() {
        if common.no_imds {
            live.forbid_metadata();
        }
        if common.ask_repositories {
            live.allow_repositories();
        }
    } else if common.ask_repositories {
        return Err(Failure::Usage("--ask-repositories is for a running machine: leave it out, or --root".into()));
    }
    Ok(image)
}

/// Says at once when this user may not change what lies on the image, before anything is looked at.
pub(super) fn may_change(image: &Image) -> Result<(), Failure> {
    if is_permitted(image) {
        return Ok(());
    }
    Err(Failure::Failed("the image's files belong to root: run it as root (sudo seaworthy …)".into()))
}

/// Whether this user is root, or the image is their own, as practice images are.
pub(super) fn is_permitted(image: &Image) -> bool {
    let user = nix::unistd::geteuid();
    user.is_root() || matches!(image.lstat(Path::new("/etc")), Ok(Some(meta)) if meta.uid == user.as_raw())
}

/// Today, and what the publisher handed in.
pub(super) fn context(image: &Image, common: &Common, playbook: &Playbook) -> Result<Context, Failure> {
    Ok(Context {
        created: crate::change::created(image)?.into(),
        ami: ami(&common.ami)?.map(Arc::new),
        scans: scans(&common.cve)?.into(),
        allow: playbook.allow.clone().into(),
        ..Context::on(today())
    })
}

/// The largest description of an AMI that is read: hundreds of times what one has.
const AMI_LIMIT: u64 = 1 << 20;

/// The AMI that the files of `--ami` describe.
fn ami(files: &[PathBuf]) -> Result<Option<Ami>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let read = |path: &PathBuf| {
        let bytes = crate::report::read_file(path, AMI_LIMIT)
            .map_err(|error| Failure::Failed(format!("--ami: {error}; expected the output of `{}`", ami::COMMAND)))?;
        let sha256 = crate::report::sha256_hex(&bytes);
        Ok((ami::Handed { name: crate::image::text::path(path), sha256 }, bytes))
    };
    let files = files.iter().map(read).collect::<Result<_, Failure>>()?;
    let refused =
        |error: ami::Refused| Failure::Usage(format!("--ami: {}", crate::image::text::visible(&error.to_string())));
    Ami::read(files).map(Some).map_err(refused)
}

/// The largest result of a scan that is read; those of full images have some ten MiB.
const SCAN_LIMIT: u64 = 256 << 20;

/// The results that the files of `--cve` hold.
fn scans(files: &[PathBuf]) -> Result<Vec<Scan>, Failure> {
    let read = |path: &PathBuf| {
        let bytes = crate::report::read_file(path, SCAN_LIMIT)
            .map_err(|error| Failure::Failed(format!("--cve: {error}; expected {}", vulnerabilities::EXPECTED)))?;
        let name = crate::image::text::path(path);
        let handed = ami::Handed { name: name.clone(), sha256: crate::report::sha256_hex(&bytes) };
        vulnerabilities::parse(handed, &bytes).map_err(|error| {
            let error = crate::image::text::visible(&error);
            Failure::Usage(format!("--cve: {name}: {error}; expected {}", vulnerabilities::EXPECTED))
        })
    };
    files.iter().map(read).collect()
}

/// Where runs and the session of `image` are kept.
pub(super) fn state(image: &Image, environment: &Environment) -> Result<State, Failure> {
    let home = environment.state_home.as_deref().ok_or_else(|| {
        Failure::Usage("cannot tell where to keep the journal: set HOME or XDG_STATE_HOME to an absolute path".into())
    })?;
    let state = State::of(image, home)?;
    if state.is_elsewhere() {
        let directory = crate::image::text::path(state.directory());
        note(&format!("The runs kept in {directory} were made on this image, mounted elsewhere: they go on here."));
    }
    Ok(state)
}

/// Says on standard error when a run on `image` was interrupted. Who may not look at that is told nothing.
pub(super) fn tell_interrupted(image: &Image, common: &Common, environment: &Environment) {
    let Some(home) = environment.state_home.as_deref().filter(|_| !common.quiet) else { return };
    if let Some(told) = State::interrupted(image, home).ok().flatten().and_then(|run| run.told()) {
        note(&told);
    }
}

/// Now, in whole seconds.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

/// Today in UTC.
pub(super) fn today() -> Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Judges every guideline of `catalogue`, with progress on standard error where that is a terminal.
pub(super) fn survey(
    image: &Image,
    catalogue: &Catalogue,
    context: Context,
    common: &Common,
    environment: &Environment,
) -> (Context, Findings) {
    let line = progress_line(image, common, environment);
    let judged = AtomicUsize::new(0);
    let waiting = Mutex::new(None);
    let waited_for = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let found = Mutex::new(BTreeMap::new());
    let places = || found.lock().unwrap_or_else(PoisonError::into_inner);
    let total = catalogue.guidelines.len();
    check::survey(image, catalogue, context, &Control::new(), &|progress| match progress {
        check::Progress::Waiting { id, what } => {
            line.show(&format!("{what} …"));
            *waited_for() = Some((id, what));
        }
        check::Progress::Judged { id, .. } => {
            let judged = judged.fetch_add(1, Ordering::Relaxed) + 1;
            let mut waiting = waited_for();
            let _ = waiting.take_if(|(one, _)| *one == id);
            let now = waiting.as_ref().map_or(id, |(_, what)| what.clone());
            line.show(&format!("{judged} of {total} guidelines judged ({now})"));
        }
        check::Progress::Found { id, places: count, .. } => {
            places().insert(id, count);
        }
        check::Progress::Swept { files, bytes, left } => {
            line.show(&searched(files, bytes, places().values().sum(), left));
        }
    })
}

/// Searches for secrets, with progress on standard error where that is a terminal.
pub(super) fn sweep(image: &Image, common: &Common, environment: &Environment) -> Sweep {
    let line = progress_line(image, common, environment);
    check::search(image, &Control::new(), &|progress| {
        if let check::Progress::Swept { files, bytes, left } = progress {
            line.show(&searched(files, bytes, 0, left));
        }
    })
}

/// How far the search is: `searching for secrets: 12 345 files, 1.2 GiB, 3 places found, about 40 s left`.
fn searched(files: u64, bytes: u64, places: usize, left: Option<Duration>) -> String {
    let files = words::plural(usize::try_from(files).unwrap_or(usize::MAX), "file");
    let found = if places > 0 { format!(", {} found", words::plural(places, "place")) } else { String::new() };
    let left = left.map(|left| format!(", {} left", words::about(left))).unwrap_or_default();
    format!("searching for secrets: {files}, {}{found}{left}", words::bytes(bytes))
}

/// The line for progress. A signal takes it off the terminal before it ends this program.
fn progress_line(image: &Image, common: &Common, environment: &Environment) -> ProgressLine {
    let shown = environment.stderr_terminal && !common.quiet;
    if shown || image.live().is_some() {
        end_in_order(shown);
    }
    ProgressLine::new(shown)
}

/// When a signal ends this program, whatever it is asking ends first, and no half of a line stays on the terminal.
fn end_in_order(shown: bool) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            crate::image::program::end_asked();
            ProgressLine::new(shown).show("");
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// The ids of every failing guideline in `scope`.
pub(super) fn failing(scope: &Catalogue, findings: &Findings) -> Vec<String> {
    findings
        .iter()
        .filter(|(id, finding)| finding.status == Status::Fail && scope.get(id).is_some())
        .map(|(id, _)| id.clone())
        .collect()
}

/// Reads a playbook.
pub(super) fn playbook(path: &Path, catalogue: &Catalogue) -> Result<Playbook, Failure> {
    let text = read_host_file(path)?;
    let name = crate::image::text::path(path);
    let known = Known {
        guideline: &|id| catalogue.get(id).is_some(),
        statement: &|id| catalogue.get(id).is_some_and(|guideline| guideline.attest.is_some()),
        rule: &check::sweep::has_rule,
    };
    let playbook = Playbook::parse(&text, &name, today(), known).map_err(|error| Failure::Usage(error.to_string()))?;
    for (what, day) in playbook.ended(today()) {
        note(&format!(
            "{name}: the waiver for {} ended on {day} and no longer counts.",
            crate::image::text::visible(what)
        ));
    }
    Ok(playbook)
}

/// The largest text file that is read: far beyond any playbook or public key.
const HOST_FILE_LIMIT: u64 = 4 << 20;

/// Reads a text file of this machine that the user named on the command line (not one of the image). Only a regular
/// file is read, so that a FIFO cannot hold the program up.
pub(super) fn read_host_file(path: &Path) -> Result<String, Failure> {
    let bytes = crate::report::read_file(path, HOST_FILE_LIMIT)
        .map_err(|error| Failure::Failed(format!("{error}; check the name")))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::Failed(format!("cannot read {}: it is not UTF-8 text; check the name", crate::image::text::path(path)))
    })
}
