//! Which boot of the machine this is, from `random(4)`'s `boot_id`.
#![expect(clippy::disallowed_methods, reason = "the door to this machine's own /proc, which is no part of the image")]

/// The id that the kernel gave this boot; empty where it gives none.
pub fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
