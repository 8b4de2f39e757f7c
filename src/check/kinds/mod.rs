//! The reusable kinds of checks: one file each, with parameters from the catalogue.

pub(crate) mod absent;
pub(super) mod ami;
pub(super) mod cloud_init;
pub(super) mod evidence;
pub(crate) mod lines;
pub(super) mod packages_absent;
pub(super) mod sshd;
pub(crate) mod swept;
pub(super) mod units_off;

/// Whether one of `names` is `name`, or ends with `*` and begins like it.
fn is_listed(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| match listed.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == listed,
    })
}
