//! Verifying a report: bytes, signer, contents, views.
