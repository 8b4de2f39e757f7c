//! Programs that others wrote read the views: an HTML parser, GitHub's Markdown renderer, an accessibility checker in a
//! browser.
#![expect(clippy::disallowed_methods, reason = "real programs as judges, and files of the test's own")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ATTACKS, both, hostile, rich};

/// Standard output of `command`, which must succeed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A program or file that `.ci/run` fetches.
fn judge(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/judges").join(name);
    assert!(path.exists(), "{} is missing; .ci/run fetches it", path.display());
    path
}

/// Prints every element with the names of its attributes, and every error of the parser, for each file.
const ELEMENTS: &str = "
import sys, html5lib
for path in sys.argv[1:]:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(open(path, encoding='utf-8'))
    names = [str(it.tag) + ' ' + ' '.join(sorted(map(str, it.attrib))) for it in tree.iter()]
    print('; '.join(names + [code for _, code, _ in parser.errors]))
";

#[test]
#[ignore = "needs html5lib; run by .ci/run"]
fn an_html_parser_finds_the_same_elements_whatever_the_text() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(judge("bin/python3"));
    command.args(["-c", ELEMENTS]);
    for (number, text) in ["x"].iter().chain(&ATTACKS).enumerate() {
        let path = directory.path().join(format!("{number}.html"));
        fs::write(&path, both(&hostile(text)).0).unwrap();
        command.arg(path);
    }
    let said = run(&mut command);
    let mut pages = said.lines();
    let harmless = pages.next().unwrap();
    assert!(harmless.contains("article id") && !harmless.contains("script"), "{harmless}");
    assert!(!harmless.contains("unexpected") && !harmless.contains("expected-"), "{harmless}");
    for (attack, page) in ATTACKS.iter().zip(pages) {
        assert_eq!(page, harmless, "{attack}");
    }
}

/// The kinds of nodes that GitHub's renderer finds, in order, without runs of text and code.
fn nodes(directory: &Path, markdown: &str) -> Vec<String> {
    let path = directory.join("view.md");
    fs::write(&path, markdown).unwrap();
    let mut command = Command::new("cmark-gfm");
    command.args(["--unsafe", "-t", "xml"]);
    for extension in ["table", "autolink", "strikethrough", "tasklist"] {
        command.args(["-e", extension]);
    }
    let xml = run(command.arg(&path));
    let names = xml.lines().filter_map(|line| line.trim().strip_prefix('<')?.split([' ', '>', '/']).next());
    names
        .filter(|name| !["", "text", "code", "softbreak", "?xml", "!DOCTYPE"].contains(name))
        .map(str::to_owned)
        .collect()
}

#[test]
#[ignore = "needs cmark-gfm; run by .ci/run"]
fn a_markdown_renderer_finds_the_same_blocks_whatever_the_text() {
    let directory = tempfile::tempdir().unwrap();
    let harmless = nodes(directory.path(), &both(&hostile("x")).1);
    assert!(harmless.iter().any(|name| name == "table_row") && harmless.iter().any(|name| name == "code_block"));
    for name in ["html_inline", "html_block", "link", "image", "strikethrough"] {
        assert!(!harmless.iter().any(|node| node == name), "{name}");
    }
    for attack in ATTACKS {
        assert_eq!(nodes(directory.path(), &both(&hostile(attack)).1), harmless, "{attack}");
    }
}

/// The checker's rules, those for WCAG 2.2 AA and its best practices; the page becomes what they found. It cannot measure
/// the contrast of a sign that stands alone, but the colours are those of text beside it.
const ASK: &str = "
axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(found => {
    const told = rule => rule.id + ': ' + rule.nodes.map(node => node.target.join(' ') + ' ' + node.failureSummary).join(' | ');
    const sign = node => node.failureSummary.includes('only non-text characters');
    const unsure = found.incomplete.filter(rule => !rule.nodes.every(sign));
    const page = document.documentElement;
    const said = {beyond: page.scrollWidth - page.clientWidth, checked: found.passes.map(rule => rule.id), wrong: found.violations.map(told), unsure: unsure.map(told)};
    document.documentElement.textContent = 'SAID ' + btoa(unescape(encodeURIComponent(JSON.stringify(said)))) + ' DONE';
});
";

fn chromium() -> Command {
    let there = |name: &&str| Path::new("/usr/bin").join(name).exists();
    let mut command = Command::new(["chromium", "chromium-headless-shell"].into_iter().find(there).unwrap());
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    command
}

/// What the checker says of `page`, laid out `width` wide, in a light or a dark scheme.
fn judged(page: &str, width: u32, dark: bool) -> serde_json::Value {
    use base64ct::{Base64, Encoding};
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("page.html");
    let axe = fs::read_to_string(judge("node_modules/axe-core/axe.min.js")).unwrap();
    // The policy of the page forbids scripts, the checker's too.
    let (before, rest) = page.split_once("<meta http-equiv").unwrap();
    let (_, after) = rest.split_once(">\n").unwrap();
    let page = format!("{before}{after}")
        .replace("</body>", &format!("<script>{axe}</script>\n<script>{ASK}</script>\n</body>"));
    let page = if dark { page.replace("(prefers-color-scheme: dark)", "all") } else { page };
    fs::write(&path, page).unwrap();
    let mut profile = std::ffi::OsString::from("--user-data-dir=");
    profile.push(directory.path().join("profile"));
    let dom = run(chromium()
        .arg(profile)
        .args([format!("--window-size={width},900"), "--virtual-time-budget=60000".to_owned(), "--dump-dom".to_owned()])
        .arg(path));
    let said = dom.split("SAID ").nth(1).and_then(|rest| rest.split(" DONE").next()).unwrap_or_else(|| panic!("{dom}"));
    serde_json::from_slice(&Base64::decode_vec(said).unwrap()).unwrap()
}

#[test]
#[ignore = "needs chromium and axe-core; run by .ci/run"]
fn an_accessibility_checker_has_nothing_to_say() {
    let (page, _) = both(&rich());
    for (width, dark) in [(1400, false), (1400, true), (500, false)] {
        let said = judged(&page, width, dark);
        assert_eq!(said["beyond"], 0, "the page itself never scrolls sideways, {width} wide");
        let none: [&str; 0] = [];
        assert_eq!(said["wrong"], serde_json::json!(none), "{width} wide, dark: {dark}");
        assert_eq!(said["unsure"], serde_json::json!(none), "{width} wide, dark: {dark}");
        let checked: Vec<&str> = said["checked"].as_array().unwrap().iter().filter_map(|rule| rule.as_str()).collect();
        for rule in ["color-contrast", "heading-order", "landmark-one-main", "region", "scrollable-region-focusable"] {
            assert!(checked.contains(&rule), "{rule} was not checked: {checked:?}");
        }
    }
}
