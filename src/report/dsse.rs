//! DSSE, the Dead Simple Signing Envelope (secure-systems-lab/dsse, protocol 1.0.2): a statement and signatures in one
//! JSON file, for in-toto and its relatives. Bytes only: who may sign does not belong here.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};

use super::sshsig::Fault;
use crate::image::text::visible;

/// The type of every payload that is written and accepted.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest envelope that is read: 1 MiB. What an agent signs has at most a quarter of that.
pub const ENVELOPE_LIMIT: u64 = 1 << 20;

/// The most signatures that are looked at.
const SIGNATURES: usize = 16;

/// A payload with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// The bytes that are signed, and that are parsed once the signature holds.
    pub payload: Vec<u8>,
    /// At least one.
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Which key may have made it: a hint, signed by nobody. Here, OpenSSH's fingerprint.
    pub keyid: String,
    /// The signature without any wrapping.
    pub bytes: Vec<u8>,
}

/// The envelope as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    payload: String,
    payload_type: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is malformed, or bears no signature or too many.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let written: Written = serde_json::from_slice(bytes).map_err(|error| {
            Fault::new(format!("The envelope is not well formed: {}.", visible(&error.to_string())))
        })?;
        let decoded = |text: &str, what: &str| {
            Base64::decode_vec(text).map_err(|_| Fault::new(format!("The envelope's {what} is not valid base64.")))
        };
        if written.signatures.is_empty() || written.signatures.len() > SIGNATURES {
            return Err(Fault::new(format!(
                "The envelope bears {} signatures; 1 to {SIGNATURES} are accepted.",
                written.signatures.len()
            )));
        }
        let signature = |signature: &WrittenSignature| {
            Ok(Signature { keyid: signature.keyid.clone(), bytes: decoded(&signature.sig, "signature")? })
        };
        Ok(Self {
            payload: decoded(&written.payload, "payload")?,
            payload_type: written.payload_type,
            signatures: written.signatures.iter().map(signature).collect::<Result<_, Fault>>()?,
        })
    }

    /// The file: JSON, indented, with a newline at its end.
    pub fn to_json(&self) -> String {
        let written = Written {
            payload: Base64::encode_string(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|one| WrittenSignature { keyid: one.keyid.clone(), sig: Base64::encode_string(&one.bytes) })
                .collect(),
        };
        // Strings only: this cannot fail.
        let mut out = serde_json::to_string_pretty(&written).unwrap_or_default();
        out.push('\n');
        out
    }

    /// The bytes that its signatures are over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.payload_type, &self.payload)
    }
}

/// The pre-authentication encoding: type and payload, each with its length before it, so that neither passes for a part
/// of the other.
pub fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_signed_bytes_are_those_of_the_protocol() {
        let wanted = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(signed_bytes("http://example.com/HelloWorld", b"hello world"), wanted);
        assert_eq!(signed_bytes("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn odd_envelopes() {
        for (text, part) in [
            ("", "not well formed"),
            ("[]", "not well formed"),
            (r#"{"payload":"","payloadType":"","signatures":[]}"#, "bears 0 signatures"),
            (r#"{"payload":"=","payloadType":"","signatures":[{"sig":""}]}"#, "payload is not valid base64"),
            (r#"{"payload":"AA==","payloadType":"","signatures":[{"sig":"A"}]}"#, "signature is not valid base64"),
            (r#"{"payload":"AA==","payload":"AA==","payloadType":"","signatures":[{"sig":""}]}"#, "duplicate field"),
            (r#"{"payload":"AA==","payloadType":"","signatures":[{"sig":""}],"x":1}"#, "unknown field"),
            (r#"{"payload":"AA==","payloadType":"","signatures":[{"sig":""}]} {}"#, "trailing"),
        ] {
            let why = Envelope::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains(part), "{text}: {why}");
        }
        let many = format!(r#"{{"payload":"","payloadType":"","signatures":[{}]}}"#, [r#"{"sig":""}"#; 17].join(","));
        assert!(Envelope::parse(many.as_bytes()).unwrap_err().to_string().contains("bears 17"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(payload_type in ".*", payload in any::<Vec<u8>>(), keyid in ".*", bytes in any::<Vec<u8>>()) {
            let envelope = Envelope { payload_type, payload, signatures: vec![Signature { keyid, bytes }] };
            prop_assert_eq!(Envelope::parse(envelope.to_json().as_bytes()).unwrap(), envelope);
        }

        #[test]
        fn nothing_panics_on_any_bytes(bytes in any::<Vec<u8>>()) {
            let _ = Envelope::parse(&bytes);
        }
    }
}
