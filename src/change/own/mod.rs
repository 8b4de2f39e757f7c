//! Fixes with logic of their own, one file for each.

use super::Remedy;
use crate::catalogue::OwnFix;
use crate::check::{Context, Finding};
use crate::image::{Error, Image};

mod authorized_keys;
mod cloud_init_leftovers;
mod cloud_init_passwords;
pub(super) mod cloud_lines;
mod console_autologin;
mod dbus_machine_id;
mod host_keys_at_first_boot;
mod host_trust;
mod hostname;
mod keyboard_interactive;
mod login_records;
mod logs;
mod machine_id;
mod mandatory_access;
mod match_blocks;
mod mounts_portable;
mod network_at_boot;
mod network_bindings;
mod pam_nullok;
mod password_expiry;
mod passwords;
mod repositories;
mod shadow_lines;
mod sshd_at_boot;
mod storage_ids;
mod sudo_rights;
mod swap;
#[cfg(test)]
mod tests;
mod trust_anchors;

/// The remedy by `fix`, for what `finding` observed.
pub(super) fn remedy(fix: OwnFix, image: &Image, finding: &Finding, context: &Context) -> Result<Remedy, Error> {
    match fix {
        OwnFix::Repositories => repositories::remedy(image),
        OwnFix::KeyboardInteractive => keyboard_interactive::remedy(image),
        OwnFix::MatchBlocks => match_blocks::remedy(image),
        OwnFix::CloudInitPasswords => cloud_init_passwords::remedy(image, finding),
        OwnFix::SshdAtBoot => sshd_at_boot::remedy(image),
        OwnFix::HostTrust => host_trust::remedy(image, finding),
        OwnFix::TrustAnchors => trust_anchors::remedy(image, finding),
        OwnFix::HostKeysAtFirstBoot => host_keys_at_first_boot::remedy(image),
        OwnFix::AuthorizedKeys => authorized_keys::remedy(image, finding),
        OwnFix::Passwords => passwords::remedy(image, finding),
        OwnFix::SudoRights => sudo_rights::remedy(image),
        OwnFix::PasswordExpiry => password_expiry::remedy(image, finding, context),
        OwnFix::PamNullok => pam_nullok::remedy(image),
        OwnFix::ConsoleAutologin => console_autologin::remedy(image, finding),
        OwnFix::MachineId => machine_id::remedy(image),
        OwnFix::DbusMachineId => dbus_machine_id::remedy(image),
        OwnFix::Hostname => hostname::remedy(image, finding),
        OwnFix::StorageIds => storage_ids::remedy(image, finding),
        OwnFix::NetworkBindings => network_bindings::remedy(image),
        OwnFix::MountsPortable => mounts_portable::remedy(image, finding),
        OwnFix::NetworkAtBoot => network_at_boot::remedy(image),
        OwnFix::CloudInitLeftovers => cloud_init_leftovers::remedy(image),
        OwnFix::MandatoryAccess => mandatory_access::remedy(image, finding),
        OwnFix::Logs => logs::remedy(image),
        OwnFix::LoginRecords => login_records::remedy(image),
        OwnFix::Swap => swap::remedy(image),
    }
}
