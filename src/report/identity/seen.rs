//! The identity document that belongs to a report, in it or beside it, and that both say the same. Whoever asks which
//! instance a report is about asks here: what the report itself claims is nobody's word but its own.

use base64ct::{Base64, Encoding};

use super::{Document, IdentityFile};
use crate::image::text::visible;
use crate::report::{IdentityOf, Mode, Report, sha256_hex};

/// The document that belongs to a report, in it or beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it says.
    pub document: Document,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The PKCS #7 message that signs it.
    pub rsa2048: Option<Vec<u8>>,
}

/// The document of `report`, or from `file` if it keeps the digest only; `None` when there is none to look at. Whether AWS
/// signed it is not looked at.
///
/// # Errors
/// In a sentence, when report, document and claims do not fit together.
pub fn seen(report: &Report, file: Option<&IdentityFile>) -> Result<Option<Seen>, String> {
    let identity = &report.identity;
    if (identity.of == IdentityOf::Image) != (report.image.mode == Mode::Live) {
        return Err("The report gives the identity of one machine to another: a mounted image has none of its own, a running one no other.".to_owned());
    }
    let held =
        match (&identity.document, file) {
            (Some(document), Some(file)) if *document != file.document => {
                return Err("The report holds another identity document than identity.json.".to_owned());
            }
            (Some(_), _) if identity.claims.is_none() => {
                return Err("The report holds an identity document, but keeps silent about the machine that it names."
                    .to_owned());
            }
            (Some(document), _) => Some((document, &identity.rsa2048)),
            (None, Some(file)) if identity.document_sha256.is_some() => Some((&file.document, &file.rsa2048)),
            (None, Some(_)) => {
                return Err("identity.json belongs to another report: this one was made without an identity document."
                    .to_owned());
            }
            (None, None) => None,
        };
    let Some((document, rsa2048)) = held else {
        return match (&identity.claims, &identity.rsa2048) {
            (None, None) => Ok(None),
            _ => Err("The report names an instance, but holds no identity document that says so.".to_owned()),
        };
    };
    let decoded = |base64: &str| {
        Base64::decode_vec(base64).map_err(|_| "The identity document or its signature is not valid base64.".to_owned())
    };
    let bytes = decoded(document)?;
    if identity.document_sha256.as_deref() != Some(&sha256_hex(&bytes)) {
        return Err("The identity document is not the one whose digest is in the report.".to_owned());
    }
    let rsa2048 = rsa2048.as_deref().map(decoded).transpose()?;
    let document = Document::parse(&bytes).map_err(|fault| format!("The identity document: {fault}"))?;
    if let Some(claims) = &identity.claims {
        let pairs = [
            (&claims.instance_id, &document.instance_id),
            (&claims.image_id, &document.image_id),
            (&claims.account_id, &document.account_id),
            (&claims.region, &document.region),
        ];
        let named = |field: &Option<String>| field.as_deref().map_or_else(|| "nothing".to_owned(), visible);
        for (claimed, documented) in pairs {
            if *claimed != documented.as_deref().map(visible) {
                return Err(format!(
                    "The AWS document names {}, the report names {}.",
                    named(documented),
                    named(claimed)
                ));
            }
        }
    }
    Ok(Some(Seen { document, bytes, rsa2048 }))
}

/// The document of the instance that `report` is about, as [`seen`] finds it; `None` for a mounted image too, whose
/// document is that of the machine that looked.
///
/// # Errors
/// As [`seen`].
pub fn instance(report: &Report, file: Option<&IdentityFile>) -> Result<Option<Document>, String> {
    let seen = seen(report, file)?.filter(|_| report.identity.of == IdentityOf::Image);
    Ok(seen.map(|seen| seen.document))
}
