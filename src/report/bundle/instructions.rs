//! `VERIFY.txt`: how somebody checks the evidence who has OpenSSH and perhaps nothing else. Every line that begins with
//! five spaces is part of a command, to be run where `report.json` lies; nothing in a command comes from the report.

use crate::report::identity::recipe;
use crate::report::sshsig::{BINDING_NAMESPACE, NAMESPACE};
use crate::report::view::grouped;
use crate::report::{Kind, Outcome, Report};

/// The text for `report`, whose bytes have this SHA-256.
pub(super) fn instructions(report: &Report, sha256: &str) -> String {
    format!(
        "How to check this report
========================

Report {id}, SHA-256 of report.json:
{digest}
{practice}
This file is not signed and proves nothing; it only says how. Two things must NOT come from this directory, but from the
publisher by another way that you trust: the name they sign with (below: release@example.com), and a file
\"allowed_signers\" that holds a line like

  release@example.com namespaces=\"{NAMESPACE},{BINDING_NAMESPACE}\" ssh-ed25519 AAAA...

Save that file here, change the name in the commands, and run them in this directory.

1. Is it the file that the publisher saw?

     sha256sum report.json

   (macOS: shasum -a 256 report.json.) It must print the digest that the publisher told you.

2. Who vouches for it? With OpenSSH 8.1 or newer:

     ssh-keygen -Y verify -f allowed_signers -I release@example.com \\
       -n {NAMESPACE} -s report.json.sig < report.json

   It must print: Good \"{NAMESPACE}\" signature for release@example.com ...
   Use \"-Y verify\", never \"-Y check-novalidate\": that one says \"Good\" for anybody's key.

3. Does the report agree with itself, and do its views say what it says? A signature does not tell. With Seaworthy:

     seaworthy verify report.json --signers allowed_signers --signer release@example.com \\
       --html report.html --markdown report.md

   It exits with 0 when the report is authentic, consistent, and its verdict is seaworthy or seaworthy-with-waivers; with
   1 when it is authentic and consistent but says something else; with any other number when it must not be relied on.
   It names what it did not check. Add --challenge with the word you gave the publisher, --max-age 30d, or
   --expect-sha256 with the digest they told you.

{identity}{deferred}report.html and report.md are made from report.json and are not signed themselves; step 3 makes them again and compares.
A signature says who vouches for the report. It does not prove that the machine told the truth when it was written.
",
        id = report.report_id,
        digest = grouped(sha256),
        practice = if report.kind == Kind::Practice {
            "\nIt is about a PRACTICE image and vouches for nothing.\n"
        } else {
            ""
        },
        identity = numbered(&recipe(report)),
        deferred = deferred(report),
    )
}

/// The recipe as the fourth step.
fn numbered(recipe: &str) -> String {
    if recipe.is_empty() { String::new() } else { format!("4. {recipe}") }
}

/// What the report leaves open by its nature.
fn deferred(report: &Report) -> String {
    match report.guidelines.iter().filter(|record| record.result == Outcome::Deferred).count() {
        0 => String::new(),
        count => format!(
            "{count} guidelines are left for the seal, which came after this report. Ask for the audit of the finished image, and verify
both together: seaworthy verify report.json audit.json --signers allowed_signers

"
        ),
    }
}
