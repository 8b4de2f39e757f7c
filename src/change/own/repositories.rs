//! OSL-06: switches signature checks back on, where the key is named beside the switch. Where it is not, the repository
//! would stop working, and a person must find its key first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::change::{Change, Remedy};
use crate::check::own::repositories::TRUSTING;
use crate::image::repositories::apt;
use crate::image::{Error, Image};

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Edit {
    /// The value behind the first `=` or `:` becomes `1`.
    On,
    /// The options of these names go from between the brackets.
    Without(Vec<String>),
    /// The whole line goes.
    Drop,
}

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let found = image.repositories()?;
    let mut edits: BTreeMap<PathBuf, BTreeMap<u32, Edit>> = BTreeMap::new();
    for repository in found.rpm.iter().filter(|one| one.enabled && !one.packages.on && !one.metadata.on) {
        if let (false, Some((path, line))) = (repository.key().is_empty(), &repository.packages.said)
            && *path == repository.path
        {
            edits.entry(image.real_path(path)?).or_default().insert(*line, Edit::On);
        }
    }
    for source in found.apt.iter().filter(|source| source.option("signed-by").is_some()) {
        let trusting = |name: &str| TRUSTING.contains(&name);
        for option in source.options.iter().filter(|one| trusting(&one.name) && apt::is_yes(&one.value)) {
            let lines = edits.entry(image.real_path(&source.path)?).or_default();
            if source.path.extension().is_some_and(|extension| extension == "sources") {
                lines.insert(option.line, Edit::Drop);
            } else if let Edit::Without(names) = lines.entry(option.line).or_insert(Edit::Without(Vec::new())) {
                names.push(option.name.clone());
            }
        }
    }
    let mut changes = Vec::new();
    for (path, lines) in &edits {
        changes.extend(edited(image, path, lines)?);
    }
    Ok(if changes.is_empty() {
        let why = "Only a check that is switched off beside its key is switched on again; a source that is missing, and a \
                   key that is not named, somebody has to choose.";
        Remedy::ByHand(why.to_owned())
    } else {
        Remedy::Changes(changes)
    })
}

fn edited(image: &Image, path: &Path, edits: &BTreeMap<u32, Edit>) -> Result<Option<Change>, Error> {
    let Some(before) = image.node(path)? else { return Ok(None) };
    let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return Ok(None) };
    let lines = (1..).zip(text.split_inclusive('\n')).map(|(number, line)| match edits.get(&number) {
        None => line.to_owned(),
        Some(Edit::Drop) => String::new(),
        Some(Edit::On) => switched_on(line),
        Some(Edit::Without(names)) => without(line, names),
    });
    let after = lines.collect::<String>();
    // A URL in such a file may hold a password.
    let secret = text.contains('@');
    let after = before.with_bytes(after.into_bytes());
    Ok(Some(Change::Path { path: path.to_owned(), before: Some(before), after: Some(after), secret }))
}

fn switched_on(line: &str) -> String {
    let Some(at) = line.find(['=', ':']) else { return line.to_owned() };
    let (head, tail) = line.split_at(at + 1);
    let value = tail.trim();
    if value.is_empty() { line.to_owned() } else { format!("{head}{}", tail.replacen(value, "1", 1)) }
}

fn without(line: &str, names: &[String]) -> String {
    let Some((head, rest)) = line.split_once('[') else { return line.to_owned() };
    let Some((options, tail)) = rest.split_once(']') else { return line.to_owned() };
    let goes = |option: &str| {
        option.split_once('=').is_some_and(|(name, _)| {
            let name = name.trim_end_matches(['+', '-']);
            names.iter().any(|gone| gone.eq_ignore_ascii_case(name))
        })
    };
    let kept: Vec<&str> = options.split_ascii_whitespace().filter(|option| !goes(option)).collect();
    format!("{head}[{}]{tail}", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::{mended, remedy_of};
    use crate::image::fixture::Fixture;

    fn text(image: &Image, path: &str) -> String {
        image.read_text(Path::new(path)).unwrap().unwrap()
    }

    #[test]
    fn checks_come_back_where_the_key_is_known() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file(
            "/etc/apt/sources.list",
            "deb http://security.debian.org/ bookworm-security main\n\
             deb [arch=amd64 trusted=yes allow-insecure=yes signed-by=/k.asc] https://apt.example.com ./ # c\n",
        );
        fixture.file(
            "/etc/apt/sources.list.d/x.sources",
            "Types: deb\nURIs: https://x.example.com\nSuites: x\nTrusted: yes\nSigned-By: /k.asc\n",
        );
        let after = mended(&fixture.image(), "OSL-06");
        assert!(
            text(&after, "/etc/apt/sources.list")
                .ends_with("deb [arch=amd64 signed-by=/k.asc] https://apt.example.com ./ # c\n")
        );
        assert!(text(&after, "/etc/apt/sources.list.d/x.sources").ends_with("Suites: x\nSigned-By: /k.asc\n"));
    }

    #[test]
    fn dnf_checks_again_and_other_repositories_stay() {
        let fixture = Fixture::bare();
        let repo =
            "[a]\nbaseurl=https://a.example.com\ngpgcheck = 0\ngpgkey=file:///etc/pki/a\n[b]\nenabled=0\ngpgcheck=0\n";
        fixture.file("/etc/os-release", "ID=rocky\nVERSION_ID=9\n").file("/etc/yum.repos.d/a.repo", repo);
        let Remedy::Changes(changes) = super::remedy(&fixture.image()).unwrap() else { panic!("changes") };
        let [Change::Path { after: Some(after), .. }] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(after.bytes(), Some(repo.replace("gpgcheck = 0", "gpgcheck = 1").as_bytes()));
    }

    #[test]
    fn without_a_key_it_is_a_persons_work() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file(
            "/etc/apt/sources.list",
            "deb http://security.debian.org/ bookworm-security main\ndeb [trusted=yes] https://x.example.com ./\n",
        );
        assert!(matches!(remedy_of(&fixture.image(), "OSL-06"), Some(Remedy::ByHand(why)) if why.contains("key")));
    }
}
