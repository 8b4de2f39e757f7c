//! The resolver and the edits against the real sshd: generated configuration trees, each asked of both.
//!
//! The real program runs in a mount namespace of its own, in which the tree of the case stands at `/etc/ssh`; nothing of
//! the machine changes. `SEAWORTHY_SSHD_ROOT` names a root of another distribution whose sshd is asked instead.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test builds roots and runs the real sshd")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use seaworthy::image::Image;
use seaworthy::image::sshd::Connection;

mod trees;

use trees::{Random, Tree, tree};

/// How many trees; every one is asked for the server's settings and for six connections.
const TREES: u64 = 2000;

/// How many of them are edited.
const EDITED: u64 = 500;

/// Connections are drawn apart from the tree they are asked of.
const SALT: u64 = 0x5ea;

/// What the real sshd says of one tree.
struct Real {
    /// `sshd -t` succeeds.
    starts: bool,
    /// It found a host key; without one it stops after the configuration is accepted.
    has_keys: bool,
    complaint: String,
    /// What `sshd -T` prints for the server, then for each connection; `None` when it fails.
    dumps: Vec<Option<String>>,
}

struct Lab {
    directory: tempfile::TempDir,
    /// The root whose sshd is asked; `/` for this machine's.
    sshd_root: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("key");
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        let sshd_root = std::env::var_os("SEAWORTHY_SSHD_ROOT").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        fs::copy(sshd_root.join("usr/sbin/sshd"), directory.path().join("sshd")).unwrap();
        Self { directory, sshd_root }
    }

    /// Writes `tree` as a root of its own.
    fn build(&self, number: u64, tree: &Tree) -> PathBuf {
        let root = self.directory.path().join(format!("root{number}"));
        fs::create_dir_all(root.join("etc/ssh/sshd_config.d")).unwrap();
        fs::create_dir_all(root.join("usr/sbin")).unwrap();
        fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").unwrap();
        fs::write(root.join("etc/passwd"), trees::PASSWD).unwrap();
        fs::write(root.join("etc/group"), trees::GROUP).unwrap();
        // Whether host keys are there is not the configuration's business, so every name has one.
        for name in ["ed25519", "rsa"] {
            let path = root.join(format!("etc/ssh/ssh_host_{name}_key"));
            fs::copy(self.directory.path().join("key"), path).unwrap();
        }
        // Its version is read out of the program; one copy will do for all.
        fs::hard_link(self.directory.path().join("sshd"), root.join("usr/sbin/sshd")).unwrap();
        if let Ok(services) = fs::read(self.sshd_root.join("etc/services")) {
            fs::write(root.join("etc/services"), services).unwrap();
        }
        for (path, content) in &tree.files {
            let path = root.join("etc/ssh").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for (path, target) in &tree.links {
            std::os::unix::fs::symlink(target, root.join("etc/ssh").join(path)).unwrap();
        }
        root
    }

    /// Asks the real sshd about the tree at `root`.
    fn ask(&self, root: &Path, connections: &[Connection]) -> Real {
        let to = if self.sshd_root == Path::new("/") { String::new() } else { self.sshd_root.display().to_string() };
        let run = if to.is_empty() { String::new() } else { format!("chroot {to} ") };
        let from = root.join("etc").display().to_string();
        let out = root.join("out");
        fs::create_dir_all(&out).unwrap();
        let out_path = out.display();
        let mut script = format!(
            "mount --bind {from}/ssh {to}/etc/ssh && mount --bind {from}/passwd {to}/etc/passwd && \
             mount --bind {from}/group {to}/etc/group && cd / || exit 99\n\
             {run}/usr/sbin/sshd -t 2>{out_path}/complaint; echo $? >{out_path}/starts\n\
             {run}/usr/sbin/sshd -T >{out_path}/0 2>/dev/null || rm {out_path}/0\n"
        );
        if to.is_empty() {
            script.insert_str(0, &format!("mkdir {out_path}/run && mount -t tmpfs tmpfs /run && mkdir /run/sshd && "));
        }
        for (connection, number) in connections.iter().zip(1..) {
            let Connection { user, host, addr, laddr, lport } = connection;
            writeln!(
                script,
                "{run}/usr/sbin/sshd -T -C user={user},host={host},addr={addr},laddr={laddr},lport={lport} \
                 >{out_path}/{number} 2>/dev/null || rm {out_path}/{number}"
            )
            .unwrap();
        }
        let status = Command::new("unshare").args(["-m", "sh", "-c", &script]).status().unwrap();
        assert_ne!(status.code(), Some(99), "the lab needs root and mount namespaces");
        let read = |name: String| fs::read(out.join(name)).ok().map(|text| String::from_utf8_lossy(&text).into_owned());
        let complaint = read("complaint".to_owned()).unwrap_or_default();
        let has_keys = !complaint.contains("no hostkeys available");
        Real {
            starts: read("starts".to_owned()).is_some_and(|code| code.trim() == "0") || !has_keys,
            has_keys,
            complaint,
            dumps: (0..=connections.len()).map(|number| read(number.to_string())).collect(),
        }
    }
}

/// The first lines in which two dumps differ.
fn difference(ours: &str, real: &str) -> Option<String> {
    let (ours_lines, real_lines): (Vec<&str>, Vec<&str>) = (ours.lines().collect(), real.lines().collect());
    let first = (0..ours_lines.len().max(real_lines.len())).find(|at| ours_lines.get(*at) != real_lines.get(*at))?;
    Some(format!("ours {:?}, real {:?}", ours_lines.get(first), real_lines.get(first)))
}

/// What came of comparing trees.
#[derive(Default)]
struct Tally {
    refused: u32,
    queries: u32,
    /// Trees with a `Match` block, and trees that read more than the main file.
    blocks: u32,
    includes: u32,
    wrong: Vec<String>,
}

/// Asks both about the tree of `seed`.
fn compare(lab: &Lab, seed: u64, tally: &mut Tally) {
    let tree = tree(&mut Random::new(seed));
    let root = lab.build(seed, &tree);
    let connections = trees::connections(&mut Random::new(seed ^ SALT));
    let real_answers = lab.ask(&root, &connections);
    let image = Image::open(&root).unwrap();
    let sshd = image.sshd().unwrap();
    tally.queries += 1;
    tally.blocks += u32::from(!sshd.matches.is_empty());
    tally.includes += u32::from(sshd.files().count() > 1);
    if sshd.is_refused() == real_answers.starts {
        tally.wrong.push(format!("tree {seed}: real says {:?}, ours {:?}", real_answers.complaint, sshd.problems));
    } else if !real_answers.starts {
        tally.refused += 1;
    } else {
        let asked = std::iter::once(None).chain(connections.iter().map(Some));
        for (connection, real) in asked.zip(&real_answers.dumps) {
            // Without -C the real program stops at any `Match LocalPort`, though the file is fine.
            let by_port = sshd.matches.iter().any(|block| block.criteria.iter().any(|(name, _)| name == "localport"));
            let Some(real) = real else {
                if real_answers.has_keys && (connection.is_some() || !by_port) {
                    tally.wrong.push(format!("tree {seed}: real has no answer for {connection:?}"));
                }
                continue;
            };
            tally.queries += 1;
            if let Some(difference) = difference(&sshd.effective(connection).dump(), real) {
                tally.wrong.push(format!("tree {seed} {connection:?}: {difference}"));
            }
        }
    }
    fs::remove_dir_all(&root).unwrap();
}

#[test]
#[ignore = "needs sshd, ssh-keygen, unshare and root; run by .ci/run"]
fn every_setting_is_what_the_real_sshd_prints() {
    let lab = Lab::new();
    let seeds = std::env::var("SEAWORTHY_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let (from, to) = seeds.map_or((1, TREES), |seed| (seed, seed));
    if let Some(seed) = seeds {
        for (path, content) in tree(&mut Random::new(seed)).files {
            println!("--- {path}\n{}", String::from_utf8_lossy(&content));
        }
    }
    let next = AtomicU64::new(from);
    let work = || {
        let mut tally = Tally::default();
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed <= to) {
            compare(&lab, seed, &mut tally);
        }
        tally
    };
    let mut whole = Tally::default();
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let part = worker.join().unwrap();
            whole.refused += part.refused;
            whole.queries += part.queries;
            whole.blocks += part.blocks;
            whole.includes += part.includes;
            whole.wrong.extend(part.wrong);
        }
    });
    let Tally { refused, queries, blocks, includes, wrong } = whole;
    println!(
        "{} trees ({blocks} with Match blocks, {includes} with includes), {refused} refused by both, \
         {queries} answers compared, {} wrong",
        to + 1 - from,
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seeds.is_some() || (blocks > 500 && includes > 500));
}

/// Root logins, passwords and keyboard-interactive are switched off in every tree by the edits of
/// [`seaworthy::change::sshd_edit`], and the real sshd says so for the server and every connection.
#[test]
#[ignore = "needs sshd, ssh-keygen, unshare and root; run by .ci/run"]
fn every_edit_comes_into_force_in_the_real_sshd() {
    const WANTED: [(&str, &str); 3] =
        [("permitrootlogin", "no"), ("passwordauthentication", "no"), ("kbdinteractiveauthentication", "no")];
    let lab = Lab::new();
    let (mut edited, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for seed in 1..=EDITED {
        let tree = tree(&mut Random::new(seed));
        let root = lab.build(seed, &tree);
        let mut image = Image::open(&root).unwrap();
        if image.sshd().unwrap().is_refused() {
            fs::remove_dir_all(&root).unwrap();
            continue;
        }
        let mut refusal = None;
        for (keyword, value) in WANTED {
            match seaworthy::change::sshd_edit::set_everywhere(&image, keyword, value) {
                Ok(changes) => {
                    for change in &changes {
                        write_out(&root, change);
                    }
                }
                Err(error) => refusal = Some(format!("tree {seed}: {error}")),
            }
            image = image.refreshed();
        }
        if let Some(refusal) = refusal {
            refused.push(refusal);
        } else {
            edited += 1;
            let mut connections = trees::connections(&mut Random::new(seed ^ SALT));
            connections.extend(seaworthy::image::sshd::connections(&image).into_iter().take(6));
            let real = lab.ask(&root, &connections);
            if !real.starts {
                wrong.push(format!("tree {seed}: {}", real.complaint));
            }
            for (dump, number) in real.dumps.iter().zip(0..).filter_map(|(dump, number)| Some((dump.as_ref()?, number)))
            {
                for (keyword, value) in WANTED {
                    if !dump.lines().any(|line| line == format!("{keyword} {value}")) {
                        wrong.push(format!("tree {seed} connection {number}: {keyword} is not {value}"));
                    }
                }
            }
        }
        fs::remove_dir_all(&root).unwrap();
    }
    println!("{edited} trees edited, {} refused, {} wrong", refused.len(), wrong.len());
    println!("{}", refused.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(edited > 100);
    // The one good reason: a method that must stay on because a login asks for it.
    assert!(refused.iter().all(|reason| reason.contains("authenticationmethods")), "{}", refused.join("\n"));
}

/// Carries one change out below `root`.
fn write_out(root: &Path, change: &seaworthy::change::Change) {
    let seaworthy::change::Change::Path { path, after: Some(node), .. } = change else { panic!("{change:?}") };
    let outside = root.join(path.strip_prefix("/").unwrap());
    match node.bytes() {
        Some(bytes) => fs::write(outside, bytes).unwrap(),
        None => fs::create_dir_all(outside).unwrap(),
    }
}
