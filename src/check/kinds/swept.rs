//! The sweep over every file found nothing of a kind, and nothing is where such things are kept.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::catalogue::{Check, Guideline, SweptKind};
use crate::check::places::{self, Excused};
use crate::check::sweep::{Brought, Hit, Sweep, layers};
use crate::check::{Allowed, Context, Finding, Observation, Status};
use crate::image::{Error, Image, Kind, PathPattern, text};
use crate::playbook::Allow;

/// The most archives that are named in which something was not opened.
const UNOPENED: usize = 100;

pub(in crate::check) fn check(
    image: &Image,
    context: &Context,
    kind: SweptKind,
    known: &[String],
    below: &[PathBuf],
    except: &[String],
) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, known, &[])? {
        if image.lstat(&path)?.is_some_and(|meta| meta.kind != Kind::File || meta.size > 0) {
            seen.extend(places::observed(image, &path)?);
        }
    }
    let mut files: BTreeSet<PathBuf> = seen.iter().filter_map(|seen| seen.path.clone()).collect();
    let kept = files.clone();
    let asked = Asked { kind, below, excused: Excused::new(image, except)? };
    if let Some(sweep) = &context.sweep {
        let list = AllowList::of(context);
        for hit in sweep.hits(kind, image).filter(|hit| asked.about(hit) && !kept.contains(&hit.path)) {
            files.insert(hit.path.clone());
            seen.push(list.said(hit));
        }
    }
    let fails = if kind == SweptKind::KeyAsked { Status::Attest } else { Status::Fail };
    let (besides, brought) = context.sweep.as_deref().map(|sweep| brought(kind, sweep)).unwrap_or_default();
    let clean = clean(image, context, &asked, &besides, brought).unwrap_or_else(|unknown| unknown);
    if !seen.is_empty() {
        // What is not allowed comes first: a finding that lists too many must not hide it.
        seen.sort_by_key(|seen| seen.allowed.is_some());
        let left: BTreeSet<_> = seen.iter().filter(|seen| seen.allowed.is_none()).map(|seen| &seen.path).collect();
        let summary = match (left.len(), files.len()) {
            (0, _) => format!("{} The playbook allows it.", failed(kind, files.len(), &besides)),
            (left, all) if left < all => format!("{} The playbook allows others.", failed(kind, left, &besides)),
            _ => failed(kind, files.len(), &besides),
        };
        // What is allowed says nothing of what was not looked at.
        if left.is_empty() && clean.status == Status::Unknown {
            return Ok(clean.seen(seen));
        }
        return Ok(Finding::new(fails, summary).seen(seen).otherwise(clean));
    }
    Ok(clean)
}

/// What stands where nothing was found.
///
/// # Errors
/// "Unknown", where not everything was looked at, or something may be a key.
fn clean(
    image: &Image,
    context: &Context,
    asked: &Asked,
    besides: &str,
    brought: Vec<Observation>,
) -> Result<Finding, Finding> {
    let kind = asked.kind;
    let sweep = swept(image, context)?;
    let named = unknown_keys(image, context, sweep, asked)?;
    let passes = if kind == SweptKind::KeyAsked { Status::Attest } else { Status::Pass };
    let public = (sweep.public > 0).then(|| {
        let whose = "the distribution's packages brought them unchanged, or it publishes them";
        Observation::fact(format!("{} archives were not opened: {whose}", sweep.public))
    });
    let left = sweep.left().map(|(path, why)| Observation::at(path).text(why));
    Ok(Finding::new(passes, passed(kind, sweep, besides))
        .seen(named)
        .seen(left)
        .seen(unopened(sweep))
        .seen(brought)
        .seen(public))
}

/// In which archives something was not opened, and what.
fn unopened(sweep: &Sweep) -> impl Iterator<Item = Observation> {
    let named = sweep.unopened.iter().take(UNOPENED).map(|(path, what)| Observation::at(path).text(what));
    let more = sweep.unopened.len().saturating_sub(UNOPENED);
    let more = (more > 0).then(|| Observation::fact(format!("{more} more archives were not opened throughout")));
    named.chain(more)
}

/// What packages brought unchanged of `kind`: as words, and each package with the first of its files.
fn brought(kind: SweptKind, sweep: &Sweep) -> (String, Vec<Observation>) {
    let of_kind: Vec<&Brought> = sweep.shipped.iter().filter(|brought| brought.kind == kind).collect();
    let words = match of_kind.iter().map(|brought| brought.files).sum::<u64>() {
        0 => String::new(),
        1 => ", besides one file that its package brought unchanged".to_owned(),
        files => format!(", besides {files} files that their packages brought unchanged"),
    };
    let seen = of_kind.into_iter().map(|Brought { package, files, first, .. }| {
        let package = text::visible(package);
        let text = match files {
            1 => format!("{package} brought it, and it is unchanged"),
            files => format!("the first of {files} files that {package} brought, and that are unchanged"),
        };
        Observation::at(first).text(text)
    });
    (words, seen.collect())
}

/// The files that only their names call private keys, when the playbook allows each; a finding that lists them otherwise:
/// they may be keys, so nothing passes, and may be none, so nothing removes them.
fn unknown_keys(image: &Image, context: &Context, sweep: &Sweep, asked: &Asked) -> Result<Vec<Observation>, Finding> {
    let list = AllowList::of(context);
    let named = sweep.unknown_keys(image).filter(|hit| asked.about(hit)).map(|hit| list.said(hit));
    let mut named: Vec<_> = named.collect();
    if named.iter().all(|seen| seen.allowed.is_some()) {
        return Ok(named);
    }
    named.retain(|seen| seen.allowed.is_none());
    let summary = "Files are named as private keys are, in a form that is not known here. Look what they are.";
    Err(Finding::new(Status::Unknown, summary).seen(named))
}

/// Which hits a guideline asks about.
pub(in crate::check) struct Asked<'g> {
    kind: SweptKind,
    below: &'g [PathBuf],
    excused: Excused,
}

impl<'g> Asked<'g> {
    /// What `guideline` asks about; `None` when it is judged by something else.
    pub(in crate::check) fn by(image: &Image, guideline: &'g Guideline) -> Option<Self> {
        let Check::Swept { kind, below, except, .. } = &guideline.check else { return None };
        Some(Self { kind: *kind, below, excused: Excused::new(image, except).ok()? })
    }

    /// Whether `hit` counts.
    pub(in crate::check) fn about(&self, hit: &Hit) -> bool {
        let is_below =
            self.below.is_empty() || self.below.iter().any(|directory| layers::inner(&hit.path).starts_with(directory));
        hit.kind == self.kind && is_below && !self.excused.has(&hit.path)
    }
}

/// A hit as a finding shows it.
pub(in crate::check) fn observed(hit: &Hit) -> Observation {
    let text = match &hit.inside {
        Some(member) => format!("in {member}: {}", hit.text),
        None => hit.text.clone(),
    };
    let rule = Some(hit.rule.to_owned());
    Observation { line: hit.line, rule, ..Observation::at(&hit.path).text(text) }
}

/// What the playbook allows today.
struct AllowList<'c>(Vec<(PathPattern, &'c Allow)>);

impl<'c> AllowList<'c> {
    fn of(context: &'c Context) -> Self {
        let holds = context.allow.iter().filter(|entry| entry.until >= context.today);
        Self(holds.map(|entry| (PathPattern::new(&entry.path), entry)).collect())
    }

    /// `hit` as a finding shows it, with the reason why it may stay.
    fn said(&self, hit: &Hit) -> Observation {
        let seen = observed(hit);
        match self.by(hit) {
            None => seen,
            Some(allowed) => {
                let said = seen.text.as_deref().unwrap_or_default();
                let text = format!("{said} (allowed until {}: {})", allowed.until, allowed.reason);
                Observation { allowed: Some(allowed), ..seen.text(text) }
            }
        }
    }

    /// What allows `hit`; of several entries the one that lasts longest.
    fn by(&self, hit: &Hit) -> Option<Allowed> {
        let fitting = self.0.iter().filter(|(path, entry)| entry.rule == hit.rule && path.fits(&hit.path));
        let (_, Allow { reason, until, by, .. }) = fitting.max_by_key(|(_, entry)| entry.until)?;
        Some(Allowed { reason: reason.clone(), until: *until, by: by.clone() })
    }
}

/// Whether the publisher's playbook lets `hit` stay.
pub(crate) fn is_allowed(context: &Context, hit: &Hit) -> bool {
    !context.allow.is_empty() && AllowList::of(context).by(hit).is_some()
}

/// What the sweep found, when it looked at everything; a finding that says why not otherwise.
pub(in crate::check) fn swept<'c>(image: &Image, context: &'c Context) -> Result<&'c Sweep, Finding> {
    let Some(sweep) = &context.sweep else {
        return Err(Finding::new(Status::Unknown, "The files have not been looked through yet."));
    };
    if let Some(first) = sweep.unread.first() {
        let more = sweep.unread.iter().map(|error| Observation::at(&error.path).text(error.to_string()));
        return Err(Finding::new(Status::Unknown, format!("Some files could not be looked at: {first}."))
            .seen(more)
            .seen(unopened(sweep)));
    }
    if sweep.more > 0 {
        let what = format!("{} places were found and not kept: too many to list. Remove those that are.", sweep.more);
        return Err(Finding::new(Status::Unknown, what));
    }
    // On a running machine what is mounted from elsewhere stays there; on a mounted image it may be part of it.
    if image.live().is_none() && !sweep.skipped.is_empty() {
        let what = "Something is mounted inside the image that was not looked into; unmount it, or check it as well.";
        return Err(Finding::new(Status::Unknown, what).seen(sweep.skipped.iter().map(Observation::at)));
    }
    Ok(sweep)
}

fn failed(kind: SweptKind, files: usize, besides: &str) -> String {
    let files = if files == 1 { "One file holds".to_owned() } else { format!("{files} files hold") };
    match kind {
        SweptKind::PrivateKey => format!("{files} a private key{besides}."),
        SweptKind::AwsKey => format!("{files} AWS credentials{besides}."),
        SweptKind::Metadata => format!("{files} a request for instance metadata without a token{besides}."),
        SweptKind::Secret => format!("{files} a secret{besides}."),
        SweptKind::Region => format!("{files} something that exists in one Region, account or network only{besides}."),
        SweptKind::KeyAsked => {
            format!("{files} a name that asks for long-lived AWS keys{besides}. Look whether the product does.")
        }
    }
}

fn passed(kind: SweptKind, sweep: &Sweep, besides: &str) -> String {
    let Sweep { files, settings, .. } = sweep;
    match kind {
        SweptKind::PrivateKey => format!("No private key in {files} files{besides}."),
        SweptKind::AwsKey => format!("No AWS credentials in {files} files{besides}."),
        SweptKind::Metadata => {
            format!("No script that asks for instance metadata without a token in {files} files{besides}.")
        }
        SweptKind::Secret => format!("No secret in {settings} files of configuration, scripts and texts{besides}."),
        SweptKind::Region => {
            format!(
                "Nothing names a Region, an account or a network in {settings} files of configuration and scripts{besides}."
            )
        }
        SweptKind::KeyAsked => {
            format!(
                "Nothing asks for AWS keys in {settings} files of configuration, scripts and pages{besides}. Confirm it for the rest."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::sweep::{Memory, Sweep};
    use crate::check::trial::{context, guideline, judged};
    use crate::image::fixture::Fixture;

    fn with(sweep: Option<Sweep>) -> Finding {
        let context = Context { sweep: sweep.map(Arc::new), ..context() };
        crate::check::judge(&Fixture::debian().image(), &guideline("SEC-01"), &context)
    }

    #[test]
    fn what_was_not_looked_at_is_never_a_pass() {
        assert_eq!(with(None).status, Status::Unknown);
        assert_eq!(with(Some(Sweep::default())).status, Status::Pass);
        let unread = vec![Error::io("read", "/opt/x", nix::errno::Errno::EIO)];
        let finding = with(Some(Sweep { unread, ..Sweep::default() }));
        assert_eq!(finding.status, Status::Unknown);
        assert_eq!(finding.observations[0].path.as_deref(), Some(std::path::Path::new("/opt/x")));
        let crowded = with(Some(Sweep { more: 1, ..Sweep::default() }));
        assert_eq!(crowded.status, Status::Unknown, "decoys of another kind may have crowded it out");
        let mounted = with(Some(Sweep { skipped: vec!["/home".into()], ..Sweep::default() }));
        assert_eq!((mounted.status, mounted.observations.len()), (Status::Unknown, 1));
        let left = Sweep {
            large: vec!["/srv/dump.sql".into()],
            changed: vec!["/var/log/app.log".into()],
            memory: vec![("/core".into(), Memory::Core)],
            ..Sweep::default()
        };
        let left = with(Some(left));
        let said: Vec<_> = left.observations.iter().filter_map(|seen| seen.text.as_deref()).collect();
        assert_eq!(left.status, Status::Pass);
        assert_eq!(
            said,
            [
                "searched for keys and tokens alone: it is larger than 64 MiB",
                "it was changed while it was read",
                "not read: it is a core dump"
            ]
        );
    }

    #[test]
    fn a_known_place_counts_whatever_it_holds_and_only_once() {
        let fixture = Fixture::debian();
        fixture.file("/root/.aws/credentials", "");
        assert_eq!(judged(&fixture.image(), "SEC-01").status, Status::Pass);
        let id = ["AKIA", "QX7RT2ZLM4WB6KDP"].concat();
        fixture.file("/root/.aws/credentials", &id);
        let finding = judged(&fixture.image(), "SEC-01");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1));
        assert!(!format!("{finding:?}").contains(&id));
    }

    #[test]
    fn secrets_in_configuration_are_found_and_masked() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/nsswitch.conf", "passwd: files systemd\n")
            .file("/usr/share/app.conf", "password=hunter22\n");
        fixture.file("/home/admin/.netrc", "password = hunter22\n");
        assert_eq!(judged(&fixture.image(), "SEC-04").status, Status::Pass);
        fixture.file("/etc/systemd/system/app.service", "[Service]\nEnvironment=DB_PASSWORD=hunter22\n");
        let finding = judged(&fixture.image(), "SEC-04");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1));
        assert_eq!(finding.observations[0].text.as_deref(), Some("DB_PASSWORD: hu… (6 more characters)"));
        assert_eq!(finding.observations[0].line, Some(2));
    }

    #[test]
    fn what_the_playbook_allows_is_waived_and_never_passes() {
        let fixture = Fixture::debian();
        for unit in ["a", "b"] {
            let text = "[Service]\nEnvironment=DB_PASSWORD=hunter22\n";
            fixture.file(&format!("/etc/systemd/system/{unit}.service"), text);
        }
        let image = fixture.image();
        let sweep = Some(Arc::new(crate::check::sweep::sweep(
            &image,
            &crate::image::walk::Control::default(),
            &|_| (),
            &|_| (),
        )));
        let judged = |path: &str, rule: &str, until: &str| {
            let entry = Allow {
                path: path.into(),
                rule: rule.into(),
                reason: "A password for tests only.".into(),
                until: until.parse().unwrap(),
                by: Some("Ann".into()),
            };
            let context = Context { sweep: sweep.clone(), allow: Arc::new([entry]), ..context() };
            crate::check::judge(&image, &guideline("SEC-04"), &context)
        };
        let rule = judged("/none", "password", "2027-01-01").observations[0].rule.clone().unwrap();
        let whole = judged("/etc/systemd/system/*.service", &rule, "2027-01-01");
        let waived = whole.waiver();
        assert!(matches!(&waived, Some(crate::playbook::Decision::Waive { by, .. }) if by == "Ann"), "{whole:?}");
        assert_eq!((whole.status, whole.without_allowed().observations.len()), (Status::Fail, 0));
        assert!(whole.summary.contains("allows"), "{}", whole.summary);
        let partly = judged("/etc/systemd/system/a.service", &rule, "2027-01-01");
        assert_eq!((partly.waiver(), partly.without_allowed().observations.len()), (None, 1));
        assert!(partly.summary.starts_with("One file"), "{}", partly.summary);
        let waived_by = |sweep: Sweep| {
            let entry = Allow {
                path: "/etc/**".into(),
                rule: rule.clone(),
                reason: "A password for tests only.".into(),
                until: "2027-01-01".parse().unwrap(),
                by: None,
            };
            let context = Context { sweep: Some(Arc::new(sweep)), allow: Arc::new([entry]), ..context() };
            let finding = crate::check::judge(&image, &guideline("SEC-04"), &context);
            (finding.status, finding.observations.iter().filter(|seen| seen.allowed.is_some()).count())
        };
        let whole = || crate::check::sweep::sweep(&image, &crate::image::walk::Control::default(), &|_| (), &|_| ());
        assert_eq!(waived_by(whole()), (Status::Fail, 2));
        let unread = vec![Error::io("read", "/opt/x", nix::errno::Errno::EIO)];
        assert_eq!(waived_by(Sweep { unread, ..whole() }), (Status::Unknown, 2), "what was not read is not waived");
        for (path, rule, until) in [
            ("/etc/**", "private-key", "2027-01-01"),
            ("/etc/**", rule.as_str(), "2026-11-21"),
            ("/opt/**", &rule, "2027-01-01"),
        ] {
            assert!(judged(path, rule, until).observations.iter().all(|seen| seen.allowed.is_none()));
        }
    }

    #[test]
    fn what_ties_to_one_region_is_found_and_tables_of_regions_are_not() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/yum/vars/awsregion", "default\n")
            .file("/etc/yum.repos.d/rhui.repo", "url=rhui.REGION.aws.com\n");
        fixture
            .file("/opt/x/endpoints.json", "us-east-1\nus-east-2\neu-west-1\neu-west-2\narn:aws:iam::482910375629:x\n");
        assert_eq!(judged(&fixture.image(), "BOT-10").status, Status::Pass);
        fixture.file("/etc/yum/vars/awsregion", "eu-west-1\n");
        fixture.file("/etc/apt/sources.list", "deb http://us-east-1.ec2.archive.ubuntu.com/ubuntu jammy main\n");
        let finding = judged(&fixture.image(), "BOT-10");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 2));
    }

    #[test]
    fn a_form_that_asks_for_keys_is_for_a_person_to_judge() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "SEC-17").status, Status::Attest);
        fixture.file("/opt/app/setup.html", "<input name=\"aws_secret_access_key\">\n");
        let finding = judged(&fixture.image(), "SEC-17");
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 1));
    }

    #[test]
    fn scripts_count_where_products_have_theirs() {
        let script = "#!/bin/sh\ncurl http://169.254.169.254/latest/meta-data/\n";
        let fixture = Fixture::debian();
        fixture.file("/usr/share/doc/example.sh", script).file("/etc/cloud/templates/x", script);
        assert_eq!(judged(&fixture.image(), "AGT-07").status, Status::Pass);
        fixture.file("/usr/local/bin/start", script);
        assert_eq!(judged(&fixture.image(), "AGT-07").status, Status::Fail);
    }

    #[test]
    fn a_request_for_metadata_shows_nothing_else_of_its_line() {
        let fixture = Fixture::debian();
        let script = "#!/bin/sh\ncurl -u a:hunter22 http://169.254.169.254/latest/user-data?hunter22 # hunter22\n";
        fixture.file("/usr/local/bin/start", script);
        let seen = judged(&fixture.image(), "AGT-07").observations;
        assert_eq!(seen[0].text.as_deref(), Some("169.254.169.254/latest/user-data"));
    }
}
