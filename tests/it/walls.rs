//! The walls between the rooms, read from the sources themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below `folder`, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no source below {folder}");
    found.sort();
    found
}

/// The rooms that `room` may speak of, besides itself.
fn may_use(room: &str) -> &'static [&'static str] {
    match room {
        "texts" | "image" | "playbook" => &[],
        "catalogue" => &["texts"],
        "practice" => &["image", "catalogue", "texts"],
        "check" => &["image", "catalogue", "playbook", "texts"],
        "change" => &["image", "catalogue", "check", "playbook"],
        "report" => &["image", "catalogue", "check", "change", "playbook", "texts"],
        "wizard" => &["image", "catalogue", "check", "change", "playbook", "report"],
        "tui" => &["image", "catalogue", "check", "change", "playbook", "report", "wizard"],
        "cli" => &["image", "catalogue", "check", "change", "playbook", "report", "practice", "wizard", "tui"],
        other => panic!("src/{other} is a room nobody knows: name it in DESIGN, lib.rs and here"),
    }
}

#[test]
fn dependence_goes_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let inside = path.strip_prefix(&src).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if room == "lib" || room == "main" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            // Documentation may name any room; tests may build what they need from any.
            if line.trim_start().starts_with("//") {
                continue;
            }
            if line.contains("#[cfg(test)]") {
                break;
            }
            for other in line.split("crate::").skip(1) {
                let other: String = other.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_room = src.join(&other).is_dir() || src.join(format!("{other}.rs")).is_file();
                if is_room
                    && other != room
                    && !may_use(&room).contains(&other.as_str())
                    && !inside.ends_with("tests.rs")
                {
                    wrong.push(format!("{}:{}: {room} uses {other}", inside.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point back:\n{}", wrong.join("\n"));
}

#[test]
fn the_screen_is_known_to_the_terminal_room_only() {
    for (path, text) in sources("src") {
        let shown = path.display().to_string();
        if !shown.contains("/src/tui/") {
            for name in ["ratatui", "crossterm"] {
                let uses = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(name));
                assert!(!uses, "{shown} speaks of {name}");
            }
        }
    }
}

#[test]
fn only_the_metadata_service_is_asked_over_the_network() {
    const DOORS: [&str; 6] =
        ["TcpStream", "UdpSocket", "TcpListener", "ToSocketAddrs", "SockType", "AddressFamily::Inet"];
    for (path, text) in sources("src") {
        if path.ends_with("image/live/metadata.rs") || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let door = DOORS.iter().find(|door| line.contains(**door));
            assert!(door.is_none(), "{} opens the network: {line}", path.display());
        }
    }
}

#[test]
fn colours_are_named_in_the_theme_only() {
    const NAMES: [&str; 4] = ["Color::", ".red()", ".green()", ".yellow()"];
    for (path, text) in sources("src/tui") {
        if path.ends_with("theme.rs") || path.display().to_string().contains("/theme/") {
            continue;
        }
        for name in NAMES {
            assert!(!text.contains(name), "{} names a colour: {name}", path.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 600, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn nothing_is_left_to_be_written() {
    for (path, text) in sources("src") {
        for word in ["todo!", "unimplemented!", "FIXME", "coming soon", "not yet implemented"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

#[test]
fn every_ignored_test_says_what_it_needs() {
    for (path, text) in sources("tests").into_iter().chain(sources("src")) {
        if path.ends_with("walls.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            assert!(
                !line.trim_start().starts_with("#[ignore]"),
                "{}:{}: say what the test needs: #[ignore = \"needs …\"]",
                path.display(),
                number + 1
            );
        }
    }
}
