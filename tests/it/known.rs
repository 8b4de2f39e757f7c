//! The places where tools are known to keep what they log in with: one root with all of them, and a guideline that names each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::support::{put, seaworthy, stdout};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    homes: BTreeMap<String, String>,
    system: BTreeMap<String, String>,
}

/// A person's home, root's, and one of a service.
const HOMES: [&str; 3] = ["/home/admin", "/root", "/var/lib/jenkins"];

#[test]
fn every_place_that_is_known_for_credentials_is_named_by_a_guideline() {
    let Places { homes, system } = toml::from_str(include_str!("known/places.toml")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    put(&root, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian\"\n");
    let accounts = "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n";
    put(&root, "/etc/passwd", &format!("{accounts}jenkins:x:105:105::/var/lib/jenkins:/bin/bash\n"));
    let in_homes = homes.iter().flat_map(|(path, text)| HOMES.map(|home| (path.replacen('~', home, 1), text.as_str())));
    let places: BTreeMap<String, &str> =
        in_homes.chain(system.iter().map(|(path, text)| (path.clone(), text.as_str()))).collect();
    for (path, text) in &places {
        put(&root, path, &text.replace('¦', ""));
    }
    let output = seaworthy(dir.path(), ["check", "--format", "json", "--root", root.to_str().unwrap()]);
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let failing = found["guidelines"].as_array().unwrap().iter().filter(|one| one["status"] == "fail");
    let named: BTreeSet<&Path> = failing
        .flat_map(|one| one["observations"].as_array().unwrap())
        .filter_map(|seen| seen["path"].as_str())
        .map(Path::new)
        .collect();
    // A directory that must go takes what is in it along.
    let is_named = |path: &str| {
        Path::new(path).ancestors().take_while(|above| *above != Path::new("/")).any(|above| named.contains(above))
    };
    let missed: Vec<&String> = places.keys().filter(|path| !is_named(path)).collect();
    assert!(missed.is_empty(), "{} of {} places are named by no guideline: {missed:#?}", missed.len(), places.len());
    let text = stdout(&output);
    for secret in ["Tr0ub4dor3x", "Jq7Rk2Wv9", "0b3c9f27ad", "QX7RT2ZLM4"] {
        assert!(!text.contains(secret), "{secret} was shown");
    }
}
