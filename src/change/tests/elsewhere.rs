//! The same image under another path, on another machine, as a copy; and another image under the same path.

use super::*;

/// Copies with everything, as `cp -a` does.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

/// The state of the image at `root` of somebody whose state home is `home`.
fn state_of(root: &Path, home: &Path) -> State {
    State::of(&Image::open(root).unwrap(), home).unwrap()
}

#[test]
fn a_copied_state_is_found_for_a_copied_image() {
    let bench = Bench::quick();
    let at = |name: &str| bench.directory.path().join(name);
    let before = bench.tree();
    let pristine = at("pristine");
    copy(&bench.root(), &pristine);
    let state = state_of(&bench.root(), &at("home"));
    apply(&bench.image(), &bench.plan(), &state, &mut |_| {}).unwrap();

    // Another machine: the image under another path with other inodes, the state under another name.
    copy(&bench.root(), &at("elsewhere"));
    copy(state.directory(), &at("home2/seaworthy/anything"));
    let there = state_of(&at("elsewhere"), &at("home2"));
    assert_eq!(there.directory(), at("home2/seaworthy/anything"));
    assert!(there.is_elsewhere() && !state.is_elsewhere());
    super::super::undo(&Image::open(&at("elsewhere")).unwrap(), &there, &What::Last, &mut |_| {}).unwrap();
    let mut now = BTreeMap::new();
    walk(&at("elsewhere"), Path::new(""), &mut now, &mut BTreeMap::new());
    assert_same(&now, &before, "undone elsewhere");

    // An image that no run was made on finds none of it, wherever it is.
    copy(state.directory(), &at("home3/seaworthy/anything"));
    let other = state_of(&pristine, &at("home3"));
    assert!(!other.is_elsewhere() && other.runs().unwrap().is_empty());
}

#[test]
fn another_image_under_the_same_path_gets_a_state_of_its_own() {
    let bench = Bench::quick();
    let at = |name: &str| bench.directory.path().join(name);
    copy(&bench.root(), &at("pristine"));
    let state = state_of(&bench.root(), &at("home"));
    apply(&bench.image(), &bench.plan(), &state, &mut |_| {}).unwrap();
    // What the place is called for the other image, and what is in it.
    let other = state_of(&at("pristine"), &at("home"));
    fs::remove_dir_all(other.directory()).unwrap();
    copy(state.directory(), other.directory());
    let chosen = state_of(&at("pristine"), &at("home"));
    assert_ne!(chosen.directory(), other.directory());
    assert!(chosen.runs().unwrap().is_empty());
    assert_eq!(state_of(&at("pristine"), &at("home")).directory(), chosen.directory());
}

#[test]
fn what_was_edited_by_hand_since_is_the_same_image_still() {
    let bench = Bench::quick();
    let home = bench.directory.path().join("home");
    let state = state_of(&bench.root(), &home);
    let plan = plan_of(&[("A-1", vec![bench.edit("etc/ssh/sshd_config", "UseDNS yes", "UseDNS no")])]);
    apply(&bench.image(), &plan, &state, &mut |_| {}).unwrap();
    // As editors do it: a new file takes the name, and the directory has another time.
    let text = bench.read("etc/ssh/sshd_config").replace("Port 22", "Port 2222");
    bench.write("etc/ssh/new", &text, 0o600);
    fs::rename(bench.host("etc/ssh/new"), bench.host("etc/ssh/sshd_config")).unwrap();
    let again = state_of(&bench.root(), &home);
    assert_eq!(again.directory(), state.directory());
    super::super::undo(&bench.image(), &again, &What::Last, &mut |_| {}).unwrap();
    assert!(bench.read("etc/ssh/sshd_config").starts_with("Port 2222\nPermitRootLogin yes\nUseDNS yes\n"));
}

#[test]
fn a_mode_alone_is_taken_back_at_its_place() {
    let bench = Bench::quick();
    let home = bench.directory.path().join("home");
    let state = state_of(&bench.root(), &home);
    let mode = bench.change("etc/loose", |node| match node {
        Some(Node::File(file)) => Some(Node::File(crate::image::FileNode { mode: 0o600, ..file.clone() })),
        _ => None,
    });
    apply(&bench.image(), &plan_of(&[("A-1", vec![mode])]), &state, &mut |_| {}).unwrap();
    assert_eq!(state_of(&bench.root(), &home).directory(), state.directory());
}
