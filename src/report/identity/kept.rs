//! The identity as a report keeps it, and as `identity.json` keeps what a report leaves out.

use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Document, Fault};
use crate::image::Image;
use crate::image::live::metadata::{self, Answer};
use crate::image::text::visible;
use crate::report::{Identity, IdentityOf, InstanceInfo, Report, sha256_hex};

/// The largest `identity.json` that is read: 128 KiB.
pub const FILE_LIMIT: u64 = 128 << 10;
const FILE_FORMAT: &str = "seaworthy.identity/1";
const WITHHELD: &str = "the publisher keeps it apart from this report, in identity.json";

impl Identity {
    /// No identity, for this reason.
    pub fn unavailable(of: IdentityOf, why: &str) -> Self {
        Self {
            of,
            claims: None,
            document: None,
            rsa2048: None,
            document_sha256: None,
            fetched_at: None,
            unavailable: Some(visible(why)),
        }
    }

    /// The identity of the machine that `image` is. Asks the metadata service of a live image unless that was forbidden;
    /// offline nobody is asked, since the answer would be about the machine that looks.
    pub fn of(image: &Image) -> Self {
        let Some(live) = image.live() else {
            return Self::unavailable(IdentityOf::Inspector, "the image is not running");
        };
        match live.metadata() {
            Answer::Found { identity, .. } => match Document::parse(&identity.document) {
                Ok(document) => Self::kept(&document, identity),
                Err(_) => Self::unavailable(
                    IdentityOf::Image,
                    "what answers at the metadata address gave no identity document as AWS writes it",
                ),
            },
            Answer::Forbidden => Self::unavailable(IdentityOf::Image, "the metadata service was not asked: --no-imds"),
            Answer::None(why) => Self::unavailable(IdentityOf::Image, why),
        }
    }

    fn kept(document: &Document, fetched: &metadata::Identity) -> Self {
        let field = |field: &Option<String>| field.as_deref().map(visible);
        Self {
            of: IdentityOf::Image,
            claims: Some(InstanceInfo {
                instance_id: field(&document.instance_id),
                image_id: field(&document.image_id),
                region: field(&document.region),
                account_id: field(&document.account_id),
            }),
            document: Some(Base64::encode_string(&fetched.document)),
            rsa2048: fetched.rsa2048.as_ref().ok().map(|pkcs7| Base64::encode_string(pkcs7)),
            document_sha256: Some(sha256_hex(&fetched.document)),
            fetched_at: Timestamp::from_second(fetched.fetched_at.as_second()).ok(),
            unavailable: fetched.rsa2048.as_ref().err().map(|why| visible(why)),
        }
    }
}

/// `identity.json`: the document and its signature, for a report that holds the document's digest only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFile {
    format: String,
    /// The document's bytes in base64.
    pub document: String,
    /// Its PKCS #7 signature, base64 in one line; `None` where there was none.
    pub rsa2048: Option<String>,
}

impl IdentityFile {
    /// Reads `identity.json`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let file: Self =
            serde_json::from_slice(bytes).map_err(|_| Fault::new("It is no identity.json of Seaworthy."))?;
        if file.format == FILE_FORMAT {
            Ok(file)
        } else {
            Err(Fault::new(format!("It is of the format \"{}\", not \"{FILE_FORMAT}\".", visible(&file.format))))
        }
    }

    /// Its bytes: indented, with a newline at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings only: this cannot fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Takes the identity document out of `report` but for its digest. Gives what belongs into `identity.json`; `None` when
/// there is no document.
pub fn withhold(report: &mut Report) -> Option<IdentityFile> {
    let identity = &mut report.identity;
    let document = identity.document.take()?;
    let rsa2048 = identity.rsa2048.take();
    identity.claims = None;
    identity.unavailable = Some(WITHHELD.to_owned());
    report.limits.push(format!("The instance identity document is not in this report: {WITHHELD}."));
    Some(IdentityFile { format: FILE_FORMAT.to_owned(), document, rsa2048 })
}
