//! The reusable fixes: one file each, with parameters from the catalogue.

pub(super) mod cloud_init;
pub(super) mod mask;
pub(super) mod remove;
pub(super) mod sshd;
pub(super) mod truncate;
