//! How the reader of a report checks the identity in it with openssl alone.

use super::pinned;
use crate::image::text::visible;
use crate::report::Report;

/// The part of `VERIFY.txt` on the identity document, with an empty line at its end; nothing when `report` holds no signed
/// document.
///
/// AWS's own recipe lacks `-nointern`: without it openssl believes a certificate that came with the message.
pub fn recipe(report: &Report) -> String {
    let identity = &report.identity;
    let (Some(_), Some(_), Some(claims)) = (&identity.document, &identity.rsa2048, &identity.claims) else {
        return String::new();
    };
    let region = claims.region.as_deref().map_or_else(String::new, visible);
    let fingerprint = match pinned(&region) {
        Some(fingerprint) => format!("The first must print {}.", colons(fingerprint)),
        None => "Compare what the first prints with a fingerprint that you trust.".to_owned(),
    };
    format!(
        "Whether AWS says which machine it was (openssl): take the certificate under \"RSA-2048\" for {region} from the page
\"AWS public certificates for instance identity document signatures\" of the EC2 user guide, not from this directory, and
save it as aws.pem. Then

     openssl x509 -in aws.pem -noout -fingerprint -sha256
     sed -n 's/^    \"document\": \"\\(.*\\)\",$/\\1/p' report.json | base64 -d > document.json
     sed -n 's/^    \"rsa2048\": \"\\(.*\\)\",$/\\1/p' report.json | base64 -d > rsa2048.p7
     openssl smime -verify -inform DER -in rsa2048.p7 -certfile aws.pem -nointern -noverify \\
       -out signed.json && cmp signed.json document.json

{fingerprint}
The last must print \"Verification successful\" and nothing else. Leave nothing out of it: without -nointern it believes a
certificate that came with the message. Seaworthy checks the same with: seaworthy verify ... --aws-cert aws.pem

"
    )
}

/// A fingerprint as openssl prints it.
fn colons(hex: &str) -> String {
    let upper = hex.to_ascii_uppercase();
    let pairs: Vec<&str> = upper.as_bytes().chunks(2).filter_map(|pair| str::from_utf8(pair).ok()).collect();
    pairs.join(":")
}
