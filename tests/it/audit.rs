//! The finished image is audited, and the two reports are verified together, bound to an AMI and taken apart: by the
//! program itself, with real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::{seaworthy, small_root, stderr, stdout};

const AMI: &str = "ami-0123456789abcdef0";

/// A root, what it becomes, and a place for the reports and the key.
struct Product {
    place: TempDir,
    root: PathBuf,
}

impl Product {
    fn new() -> Self {
        let place = tempdir().unwrap();
        let root = small_root(place.path());
        Self { place, root }
    }

    fn at(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    fn run(&self, args: &[&str]) -> Output {
        seaworthy(self.place.path(), args)
    }

    /// The output of a run that ends with `code`.
    fn ends(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output) + &stderr(&output)
    }

    /// Writes the report `name` of the image at `root`.
    fn report(&self, name: &str, root: &Path, more: &[&str]) -> String {
        let (root, out) = (root.display().to_string(), self.at(name));
        self.ends(0, &[&["report", "--root", &root, "--out", &out, "--publisher", "Ann"], more].concat());
        format!("{out}/report.json")
    }

    /// A key, and the list of signers that trusts it.
    fn key(&self) -> (String, String) {
        let (key, signers) = (self.at("key"), self.at("signers"));
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status().unwrap();
        assert!(made.success());
        let line = fs::read_to_string(format!("{key}.pub")).unwrap();
        fs::write(&signers, format!("ann@example.com {line}")).unwrap();
        (key, signers)
    }
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn an_audit_says_of_which_build_it_is() {
    let product = Product::new();
    let build = product.report("build", &product.root, &[]);
    let root = product.root.display().to_string();
    let out = product.at("out");
    let audit = ["report", "--root", &root, "--out", &out, "--audit-of", &build];
    assert!(product.ends(2, &audit).contains("--previous-signers FILE, or --previous-unverified"));
    let audited = product.report("audit", &product.root, &["--audit-of", &build, "--previous-unverified"]);
    let report = json(&audited);
    assert_eq!(report["kind"], "image-audit");
    assert_eq!(report["previous"]["report_id"], json(&build)["report_id"]);
    assert_eq!(report["previous"]["signer"], Value::Null);
    // The journal tells of nothing but the build, which this report goes on from.
    assert_eq!(report["journal"]["count"], 1, "{}", report["journal"]);
    assert!(report["journal"]["lines"][0].as_str().unwrap().contains("\"kind\":\"previous\""));
    let of_audit = ["report", "--root", &root, "--out", &out, "--audit-of", &audited, "--previous-unverified"];
    assert!(product.ends(2, &of_audit).contains("this is an image audit itself"));
    let none = product.at("root/etc/passwd");
    let of_none = ["report", "--root", &root, "--out", &out, "--audit-of", &none, "--previous-unverified"];
    product.ends(3, &of_none);
    let bound = ["report", "bind", "--ami", "ami-1", &build, "--out", &out];
    assert!(product.ends(2, &bound).contains("no AMI id"));
}

#[test]
fn drift_between_the_build_and_the_image_is_named() {
    let product = Product::new();
    let root = product.root.display().to_string();
    let applied = product.run(&["apply", "--root", &root, "--yes", "SSH-04"]);
    assert!(matches!(applied.status.code(), Some(0 | 1)), "{}", stderr(&applied));
    let build = product.report("build", &product.root, &[]);
    let finished = product.place.path().join("finished");
    copy(&product.root, &finished);
    fs::write(finished.join("etc/ssh/sshd_config"), "PermitRootLogin yes\n").unwrap();
    let audit = product.report("audit", &finished, &["--audit-of", &build, "--previous-unverified"]);
    let report = json(&audit);
    assert_eq!(report["changes"], Value::Array(Vec::new()), "an audit changes nothing");
    let drift = &report["previous"]["comparison"]["drift"]["files"];
    assert_eq!(drift[0]["path"], "/etc/ssh/sshd_config", "{drift}");
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn a_build_its_audit_and_their_binding_are_verified_together() {
    let product = Product::new();
    let (key, signers) = product.key();
    let sign = |file: &str| product.ends(0, &["report", "sign", file, "--key", &key, "--yes"]);
    let build = product.report("build", &product.root, &[]);
    let trust = ["--previous-signers", &signers, "--previous-signer", "ann@example.com"];
    let unsigned = ["report", "--stdout", "--root", "/", "--audit-of", &build, "--previous-signers", &signers];
    assert!(product.ends(3, &unsigned).contains("was not accepted"));
    sign(&build);
    let finished = product.place.path().join("finished");
    copy(&product.root, &finished);
    fs::remove_file(finished.join("etc/machine-id")).unwrap();
    fs::write(finished.join("etc/machine-id"), "").unwrap();
    let audit = product.report("audit", &finished, &[&["--audit-of", &build][..], &trust].concat());
    sign(&audit);
    let verify = |more: &[&str], code| {
        product.ends(code, &[&["verify", &build, &audit, "--signers", &signers, "--json"], more].concat())
    };
    // The small root fails much: the two belong together all the same.
    let both: Value = serde_json::from_str(&verify(&[], 1)).unwrap();
    assert_eq!(both["format"], "seaworthy.verify-pair/1");
    let names: Vec<&str> =
        both["checks"].as_array().unwrap().iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, ["reports", "pair", "disk", "seal", "drift", "verdict"]);
    assert_eq!(both["verdict"], "not-seaworthy");
    assert_eq!(both["audit"]["signer"]["name"], "ann@example.com");

    // Bound to an AMI.
    let binding = product.at("binding.json");
    product.ends(0, &["report", "bind", "--ami", AMI, &build, &audit, "--account", "123456789012", "--out", &binding]);
    assert!(verify(&["--binding", &binding], 7).contains("no such file"));
    sign(&binding);
    let checked = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", "seaworthy-binding", "-I", "ann@example.com", "-f", &signers, "-s"])
        .arg(format!("{binding}.sig"))
        .stdin(fs::File::open(&binding).unwrap())
        .output();
    assert!(checked.unwrap().status.success());
    let both: Value = serde_json::from_str(&verify(&["--binding", &binding], 1)).unwrap();
    assert!(both.to_string().contains(&format!("belongs to {AMI}, account 123456789012")), "{both}");
    let other = fs::read_to_string(&binding).unwrap().replace(AMI, "ami-00000000000000000");
    fs::write(&binding, other).unwrap();
    assert!(verify(&["--binding", &binding], 3).contains("does not match the binding"));

    // T19: the audit of another build, and in the wrong order.
    let another = product.report("another", &product.root, &[]);
    sign(&another);
    let pair = ["verify", &another, &audit, "--signers", &signers];
    assert!(product.ends(6, &pair).contains("not from the one that was given"));
    product.ends(6, &["verify", &audit, &build, "--signers", &signers]);
}

/// Runs the program in `root` as on a machine of its own, whose kernel calls this boot `boot`.
fn on_a_machine(root: &Path, boot: &str, args: &str) -> Output {
    let script = format!(
        "set -e; cd {root}; mkdir -p proc run dev; mount -t proc proc proc; mount -t tmpfs tmpfs run; \
         echo {boot} > run/boot; mount --bind run/boot proc/sys/kernel/random/boot_id; cp -r given/. run; \
         exec chroot . /opt/prog {args}",
        root = root.display()
    );
    Command::new("unshare").args(["-mpf", "sh", "-c", &script]).output().unwrap()
}

/// Puts the program and the libraries it needs into `root`.
fn bring(root: &Path) {
    let program = env!("CARGO_BIN_EXE_seaworthy");
    let needed = Command::new("ldd").arg(program).output().unwrap();
    let needed = stdout(&needed);
    let libraries = needed.split_whitespace().filter(|word| word.starts_with('/'));
    for (from, to) in libraries.map(|library| (library, library)).chain([(program, "/opt/prog")]) {
        let to = root.join(to.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

#[test]
#[ignore = "needs root and unshare; run by .ci/run"]
fn a_running_machine_leaves_work_for_the_seal_and_its_copy_is_audited() {
    let product = Product::new();
    let root = &product.root;
    bring(root);
    fs::create_dir_all(root.join("given")).unwrap();
    let written = |output: &Output, name: &str| {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
        fs::write(product.at(name), &output.stdout).unwrap();
        json(&product.at(name))
    };
    let stands = |report: &Value, id: &str| {
        let records = report["guidelines"].as_array().unwrap();
        records.iter().find(|record| record["id"] == id).unwrap().clone()
    };
    let build = written(&on_a_machine(root, "boot-of-the-build", "report --stdout --no-imds"), "build.json");
    for id in ["KEY-03", "SEC-05", "FIN-01"] {
        assert_eq!(stands(&build, id)["result"], "deferred", "{id}");
    }
    // What the seal would do, then a first boot.
    let instance = product.place.path().join("instance");
    copy(root, &instance);
    fs::remove_file(instance.join("home/admin/.ssh/authorized_keys")).unwrap();
    fs::write(instance.join("root/.bash_history"), "seaworthy report\n").unwrap();
    fs::copy(product.at("build.json"), instance.join("given/build.json")).unwrap();
    let audit = "report --stdout --no-imds --audit-of /run/build.json --previous-unverified";
    let same = on_a_machine(&instance, "boot-of-the-build", audit);
    assert_eq!(same.status.code(), Some(3), "{}", stdout(&same));
    assert!(stderr(&same).contains("the very machine that was being prepared"), "{}", stderr(&same));
    let audited = written(&on_a_machine(&instance, "boot-of-the-instance", audit), "audit.json");
    for id in ["KEY-03", "SEC-05", "FIN-01", "IDN-01"] {
        let record = stands(&audited, id);
        assert_eq!(record["result"], "pass", "{record}");
    }
    assert!(audited["limits"].to_string().contains("Whether the instance had booted before"), "{}", audited["limits"]);
    // A key that was put in is not known to be that of the launch, where nobody can be asked.
    fs::write(instance.join("home/admin/.ssh/authorized_keys"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0 x\n")
        .unwrap();
    let audited = written(&on_a_machine(&instance, "boot-of-the-instance", audit), "audit.json");
    assert_eq!(stands(&audited, "KEY-03")["result"], "unknown");
}
