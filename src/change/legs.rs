//! What the moves of a run come to on the disk: for each path what was there before the run and what is there after it,
//! and whole trees that come or go with one rename. Steps in between are never on the disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::run::{Held, HeldBody, Run};
use crate::image::write::{self, Tree};

/// One path that becomes something else, with everything below it that comes or goes along.
#[derive(Debug)]
pub(super) struct Leg<'r> {
    /// The first move of its path, unless the run says otherwise; it names the side files.
    pub(super) number: usize,
    pub(super) path: PathBuf,
    pub(super) from: Option<&'r Held>,
    pub(super) to: Option<&'r Held>,
    /// Every move it carries out.
    pub(super) moves: Vec<usize>,
    /// What goes along with `from`, by its path from there.
    pub(super) gone: BTreeMap<PathBuf, &'r Held>,
    /// What comes along with `to`; a directory before what is in it.
    pub(super) made: BTreeMap<PathBuf, &'r Held>,
}

/// How a leg is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: it comes back to what was there.
    Nothing,
    /// Mode and owner are set in place.
    Set,
    /// By a rename.
    Swap,
}

/// The legs of `run`, in the order of their first moves.
pub(super) fn of(run: &Run) -> Vec<Leg<'_>> {
    let mut nets: BTreeMap<PathBuf, Leg<'_>> = BTreeMap::new();
    for (number, step) in run.moves.iter().enumerate() {
        let (path, from, to) = (step.path.to_path(), step.from.as_ref(), step.to.as_ref());
        nets.entry(path.clone())
            .and_modify(|leg| {
                leg.to = to;
                leg.moves.push(number);
            })
            .or_insert_with(|| Leg {
                number: run.numbers.get(&number).copied().unwrap_or(number),
                path,
                from,
                to,
                moves: vec![number],
                gone: BTreeMap::new(),
                made: BTreeMap::new(),
            });
    }
    // A directory comes before what is in it, in this order as well.
    let mut tops: HashMap<PathBuf, PathBuf> = HashMap::new();
    let mut legs: BTreeMap<PathBuf, Leg<'_>> = BTreeMap::new();
    for (path, leg) in nets {
        let above = path.parent().and_then(|parent| tops.get(parent)).cloned();
        if let Some(top) = above
            && let Some(carrier) = legs.get_mut(&top)
            && carrier.carries(&leg)
        {
            let below = path.strip_prefix(&top).unwrap_or(Path::new("")).to_owned();
            carrier.gone.extend(leg.from.map(|held| (below.clone(), held)));
            carrier.made.extend(leg.to.map(|held| (below, held)));
            carrier.moves.extend(leg.moves);
            tops.insert(path, top);
            continue;
        }
        if leg.comes() || leg.goes() {
            tops.insert(path.clone(), path.clone());
        }
        legs.insert(path, leg);
    }
    let mut legs: Vec<_> = legs.into_values().collect();
    legs.sort_by_key(|leg| leg.number);
    legs
}

fn is_directory(held: Option<&Held>) -> bool {
    held.is_some_and(|held| held.body == HeldBody::Directory)
}

impl Leg<'_> {
    /// A directory is made where there was none.
    fn comes(&self) -> bool {
        !is_directory(self.from) && is_directory(self.to)
    }

    /// A directory goes.
    fn goes(&self) -> bool {
        is_directory(self.from) && !is_directory(self.to)
    }

    /// Whether `inner`, which is below, comes or goes with this.
    fn carries(&self, inner: &Self) -> bool {
        (self.comes() && inner.from.is_none()) || (self.goes() && inner.to.is_none())
    }

    pub(super) fn way(&self) -> Way {
        match (self.from, self.to) {
            (None, None) => Way::Nothing,
            (Some(from), Some(to)) if from.is_like(to) => Way::Nothing,
            (Some(from), Some(to)) if from.same_content(to) && !matches!(to.body, HeldBody::Symlink(_)) => Way::Set,
            _ => Way::Swap,
        }
    }

    /// What must be there before, with everything that goes along.
    pub(super) fn before(&self) -> Option<Tree> {
        tree(self.from, &self.gone)
    }

    /// What must be there after.
    pub(super) fn after(&self) -> Option<Tree> {
        tree(self.to, &self.made)
    }

    /// The side name's part that is this leg's own. Unlike in each direction, so that what lies beside a path says what
    /// it is.
    pub(super) fn tag(&self, run: &Run, direction: &str) -> String {
        format!("{}.{}{direction}", run.id, self.number)
    }

    /// Where what is below `to` lies while it is staged.
    pub(super) fn staged(&self, tag: &str) -> PathBuf {
        write::aside(&self.path, tag)
    }

    /// Whether the bytes of a regular file go.
    pub(super) fn gives_up_bytes(&self) -> bool {
        let is_file = |held: &Held| matches!(held.body, HeldBody::File { .. });
        let from = self.from.filter(|held| is_file(held));
        self.gone.values().any(|held| is_file(held))
            || from.is_some_and(|from| self.to.is_none_or(|to| !from.same_content(to)))
    }
}

fn tree(top: Option<&Held>, below: &BTreeMap<PathBuf, &Held>) -> Option<Tree> {
    let below = below.iter().map(|(path, held)| (path.clone(), held.expected())).collect();
    top.map(|top| Tree { top: top.expected(), below })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::run::{Move, Raw};

    fn held(kind: &str) -> Option<Held> {
        let body = match kind {
            "" => return None,
            "dir" => HeldBody::Directory,
            text => HeldBody::Symlink(Raw::of(text.as_bytes())),
        };
        Some(Held {
            body,
            mode: 0o755,
            uid: 0,
            gid: 0,
            xattrs: None,
            times: None,
            links: None,
            is_sparse: false,
            stamp: None,
        })
    }

    fn run(moves: &[(&str, &str, &str)]) -> Run {
        let mut run = Run::new("r");
        run.moves.extend(moves.iter().map(|(path, from, to)| Move {
            guideline: "A-1".to_owned(),
            path: Raw::path(Path::new(path)),
            from: held(from),
            to: held(to),
            secret: false,
        }));
        run
    }

    /// Path, number, moves, how many come and go along.
    fn legs(moves: &[(&str, &str, &str)]) -> Vec<(String, usize, Vec<usize>, usize, usize)> {
        let run = run(moves);
        of(&run)
            .iter()
            .map(|leg| {
                let path = leg.path.display().to_string();
                (path, leg.number, leg.moves.clone(), leg.made.len(), leg.gone.len())
            })
            .collect()
    }

    #[test]
    fn a_path_that_changes_twice_is_one_leg() {
        assert_eq!(
            legs(&[("/a", "1", "2"), ("/b", "", "1"), ("/a", "2", "3"), ("/b", "1", "")]),
            [("/a".to_owned(), 0, vec![0, 2], 0, 0), ("/b".to_owned(), 1, vec![1, 3], 0, 0)]
        );
        let run = run(&[("/b", "", "1"), ("/b", "1", "")]);
        assert_eq!(of(&run)[0].way(), Way::Nothing);
    }

    #[test]
    fn trees_come_and_go_with_one_rename() {
        assert_eq!(
            legs(&[
                ("/x/d/f", "1", ""),
                ("/x/d", "dir", ""),
                ("/x", "dir", ""),
                ("/y", "", "dir"),
                ("/y/z", "", "dir"),
                ("/y/z/f", "", "1"),
                ("/other/f", "1", "")
            ]),
            [
                ("/x".to_owned(), 2, vec![2, 1, 0], 0, 2),
                ("/y".to_owned(), 3, vec![3, 4, 5], 2, 0),
                ("/other/f".to_owned(), 6, vec![6], 0, 0)
            ]
        );
    }

    #[test]
    fn a_directory_that_becomes_a_file_and_the_reverse() {
        assert_eq!(
            legs(&[("/x/f", "1", ""), ("/x", "dir", ""), ("/x", "", "1"), ("/y", "1", "dir"), ("/y/f", "", "1")]),
            [("/x".to_owned(), 1, vec![1, 2, 0], 0, 1), ("/y".to_owned(), 3, vec![3, 4], 1, 0)]
        );
    }

    #[test]
    fn a_directory_that_goes_and_comes_again_stays() {
        let moves = [("/x/f", "1", ""), ("/x", "dir", ""), ("/x", "", "dir"), ("/x/g", "", "1")];
        let run = run(&moves);
        let ways: Vec<_> = of(&run).iter().map(|leg| (leg.path.clone(), leg.way())).collect();
        let wanted = [("/x/f", Way::Swap), ("/x", Way::Nothing), ("/x/g", Way::Swap)];
        assert_eq!(ways, wanted.map(|(path, way)| (PathBuf::from(path), way)));
    }
}
