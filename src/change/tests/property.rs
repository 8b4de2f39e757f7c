//! Random runs, random later edits on lines that no run touches, undo in random order: what is left are the later edits.

use proptest::prelude::*;

use super::*;
use crate::image::FileNode;

/// Something a guideline does.
#[derive(Debug, Clone)]
enum Deed {
    /// Sets the line with this number of the file with this number; `-` is what it was at first.
    Line(usize, usize, char),
    Remove(usize),
    Mode(usize, u32),
    Make(usize),
    Link(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..4usize, 0..6usize, prop::sample::select(vec!['A', 'B', '-'])).prop_map(|(file, line, to)| Deed::Line(file, line, to)),
        1 => (0..4usize).prop_map(Deed::Remove),
        1 => (0..4usize, prop::sample::select(vec![0o600, 0o644, 0o4755])).prop_map(|(file, mode)| Deed::Mode(file, mode)),
        1 => (0..3usize).prop_map(Deed::Make),
        1 => (0..3usize).prop_map(Deed::Link),
    ]
}

/// Lines 0 to 5 are for guidelines, 6 to 9 for people; two neighbours of each other are never edited by both.
fn text() -> String {
    let lines: Vec<String> = (0..12).map(|line| format!("line {line}")).collect();
    lines.join("\n") + "\n"
}

/// What a deed makes of what is there.
type Edit = Box<dyn Fn(Option<&Node>) -> Option<Node>>;

/// The change that `deed` is on the image as `overlay` leaves it; `None` when there is nothing to do.
fn change(bench: &Bench, overlay: &crate::image::Overlay, deed: &Deed) -> Option<Change> {
    let image = bench.image().drafted(overlay.clone());
    let (path, edit): (PathBuf, Edit) = match *deed {
        Deed::Line(file, line, to) => (
            format!("/etc/file{file}").into(),
            Box::new(move |node| {
                let node = node?;
                let text = String::from_utf8(node.bytes()?.to_vec()).unwrap();
                let lines = text.lines().enumerate();
                let wanted = if to == '-' { format!("line {line}\n") } else { format!("{to}\n") };
                let edited = lines.map(|(at, old)| if at == line { wanted.clone() } else { format!("{old}\n") });
                Some(node.with_bytes(edited.collect::<String>().into_bytes()))
            }),
        ),
        Deed::Remove(file) => (format!("/etc/file{file}").into(), Box::new(|_| None)),
        Deed::Mode(file, mode) => (
            format!("/etc/file{file}").into(),
            Box::new(move |node| match node? {
                Node::File(file) => Some(Node::File(FileNode { mode, ..file.clone() })),
                other => Some(other.clone()),
            }),
        ),
        Deed::Make(number) => (
            format!("/etc/made{number}").into(),
            Box::new(|node| Some(node.cloned().unwrap_or_else(|| Node::new_file(&b"made\n"[..], 0o644)))),
        ),
        Deed::Link(number) => (
            format!("/etc/link{number}").into(),
            Box::new(|node| Some(node.cloned().unwrap_or_else(|| Node::new_link("/dev/null")))),
        ),
    };
    let before = image.node(&path).unwrap();
    let after = edit(before.as_ref());
    (before != after).then_some(Change::Path { path, before, after, secret: false })
}

fn make(files: usize, is_linked: bool) -> Bench {
    let bench = Bench::quick();
    for file in 0..files {
        bench.write(&format!("etc/file{file}"), &text(), 0o644);
    }
    if is_linked {
        fs::remove_file(bench.host("etc/file1")).unwrap();
        fs::hard_link(bench.host("etc/file0"), bench.host("etc/file1")).unwrap();
    }
    bench.settle_times();
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn undo_in_any_order_leaves_what_people_did(
        runs in prop::collection::vec(prop::collection::vec(deed(), 1..5), 1..4),
        order in prop::collection::vec(any::<prop::sample::Index>(), 16),
        by_hand in prop::collection::vec((0..4usize, 8..12usize), 0..4),
        is_linked in any::<bool>(),
    ) {
        // People who edit one name of a file with several edit them all, or split it: both are tried elsewhere.
        let by_hand = if is_linked { Vec::new() } else { by_hand };
        let bench = make(4, is_linked);
        let before = bench.tree();
        let mut guidelines = Vec::new();
        for (number, deeds) in runs.iter().enumerate() {
            let mut plan = Plan::default();
            for (place, deed) in deeds.iter().enumerate() {
                // The mode of one name is the other's too, and undo of single guidelines does not follow it there.
                if is_linked && matches!(deed, Deed::Mode(0 | 1, _)) {
                    continue;
                }
                let Some(change) = change(&bench, &plan.overlay, deed) else { continue };
                let guideline = format!("R{number}-{place}");
                let Change::Path { path, after, .. } = &change else { unreachable!() };
                plan.overlay.put(path.clone(), after.clone());
                plan.steps.push(PlanStep { guideline: guideline.clone(), changes: vec![change] });
                guidelines.push(guideline);
            }
            if !plan.steps.is_empty() {
                bench.apply(&plan).unwrap();
            }
        }
        let mut edited = Vec::new();
        for (file, line) in &by_hand {
            let path = format!("etc/file{file}");
            if bench.host(&path).exists() {
                let text = bench.read(&path).replace(&format!("line {line}\n"), "by hand\n");
                let mode = fs::metadata(bench.host(&path)).unwrap().mode() & 0o7777;
                bench.write(&path, &text, mode);
                edited.push((path, *line));
            }
        }
        let mut apart = false;
        for pick in &order {
            if guidelines.is_empty() {
                break;
            }
            let guideline = guidelines.remove(pick.index(guidelines.len()));
            match bench.undo(&What::Guideline(guideline.clone())) {
                // In the way of a later one: its turn comes again.
                Err(UndoError::Conflict { .. }) => guidelines.insert(0, guideline),
                Ok(undone) => apart |= !undone.apart.is_empty(),
                Err(UndoError::Nothing(_)) => {}
                Err(other) => panic!("{guideline}: {other}"),
            }
        }
        if bench.state().runs().unwrap().iter().any(|run| run.standing == state::Standing::Done) {
            apart |= !bench.undo(&What::Everything).unwrap().apart.is_empty();
        }
        let mut wanted = before;
        for (path, line) in edited {
            let thing = wanted.get_mut(Path::new(&path)).unwrap();
            let text = String::from_utf8(thing.content.clone()).unwrap();
            thing.content = text.replace(&format!("line {line}\n"), "by hand\n").into_bytes();
        }
        let mut now = bench.tree();
        if !by_hand.is_empty() {
            (wanted, now) = (without_times(wanted), without_times(now));
        }
        if apart {
            // Where it was said that the names could not be joined again, the rest is as it was.
            for thing in now.values_mut().chain(wanted.values_mut()) {
                thing.names = (1, PathBuf::new());
            }
        }
        assert_same(&now, &wanted, "everything is taken back");
    }
}
