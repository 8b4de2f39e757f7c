//! The evidence of the build, closed by audits of the finished image: of its disk, and of instances started from it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::machine::{Key, Machine};
use crate::support::{stderr, stdout};

const SIGNER: &str = "release@example.com";

/// A build report and whoever signs.
pub(super) struct Evidence {
    directory: PathBuf,
    key: PathBuf,
    /// What the build report leaves for the seal.
    deferred: BTreeSet<String>,
}

impl Evidence {
    /// The report that came through the connection, signed on the publisher's own machine with OpenSSH alone.
    pub(super) fn of_build(directory: &Path, key: &Key, report: &str) -> Self {
        let directory = directory.join("evidence");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("build.json"), report).unwrap();
        fs::write(directory.join("signers"), format!("{SIGNER} namespaces=\"seaworthy-report\" {}\n", key.public))
            .unwrap();
        let parsed: Value = serde_json::from_str(report).unwrap();
        let records = parsed["guidelines"].as_array().unwrap();
        let left = records.iter().filter(|record| record["result"] == "deferred");
        let deferred: BTreeSet<String> = left.map(|record| record["id"].as_str().unwrap().to_owned()).collect();
        assert!(deferred.contains("KEY-01"), "{deferred:?}");
        let evidence = Self { directory, key: key.private.clone(), deferred };
        evidence.sign("build.json");
        evidence
    }

    fn sign(&self, name: &str) {
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", "seaworthy-report", "-f"])
            .arg(&self.key)
            .arg(self.directory.join(name))
            .output()
            .unwrap();
        assert!(signed.status.success(), "{}", stderr(&signed));
    }

    fn run(&self, args: &[&str]) -> Output {
        let home = self.directory.join("home");
        Command::new(super::binary())
            .args(args)
            .current_dir(&self.directory)
            .env_clear()
            .env("HOME", home)
            .output()
            .unwrap()
    }

    /// The audit of the sealed disk and the build report belong together, and everything that was left is done.
    pub(super) fn is_closed_by_the_disk(&self, root: &Path) {
        let root = root.to_str().unwrap();
        let trust = ["--previous-signers", "signers", "--previous-signer", SIGNER];
        let audit = ["report", "--audit-of", "build.json", "--publisher", "Ann", "--out", "audit", "--root", root];
        let output = self.run(&[&audit[..], &trust].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        self.sign("audit/report.json");
        let pair = ["verify", "build.json", "audit/report.json", "--signers", "signers", "--signer", SIGNER, "--json"];
        let output = self.run(&pair);
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let status = |name: &str| {
            let checks = result["checks"].as_array().unwrap();
            checks.iter().find(|check| check["name"] == name).map(|check| check["status"].clone())
        };
        for name in ["reports", "pair", "seal"] {
            assert_eq!(status(name), Some(Value::from("ok")), "{name}: {}", stdout(&output));
        }
    }

    /// An audit on an instance of the image tells what the first boot made anew from what the image brought along.
    pub(super) fn is_closed_by_an_instance(&self, copy: &Machine, buyer: &Key) {
        copy.does(buyer, "cat >seaworthy && chmod +x seaworthy", &fs::read(super::binary()).unwrap());
        copy.does(buyer, "cat >build.json", &fs::read(self.directory.join("build.json")).unwrap());
        let audit = "sudo ./seaworthy report --audit-of build.json --previous-unverified --stdout --no-imds";
        let audit: Value = serde_json::from_slice(&copy.does(buyer, audit, b"")).unwrap();
        assert_eq!(audit["kind"], "image-audit");
        let records = audit["guidelines"].as_array().unwrap();
        let left = records.iter().filter(|record| self.deferred.contains(record["id"].as_str().unwrap()));
        let failing: Vec<&Value> = left.filter(|record| record["after"]["status"] == "fail").collect();
        assert_eq!(failing, Vec::<&Value>::new());
    }
}
