//! The reusable kinds of checks: one file each, with parameters from the catalogue.

pub(crate) mod absent;
pub(super) mod ami;
pub(super) mod cloud_init;
pub(super) mod evidence;
pub(crate) mod lines;
pub(super) mod packages_absent;
pub(super) mod sshd;
pub(super) mod swept;
pub(super) mod units_off;
