//! Checks with logic of their own, one file for each.
//!
//! A check returns the error of a look that failed; [`super::judge`] turns it into "unknown". What two of them need is
//! here or in a file named for it.

use super::{Context, Finding};
use crate::catalogue::OwnCheck;
use crate::image::{Error, Image};

mod ami_age;
mod ami_name;
mod ami_owner;
mod architecture;
pub(crate) mod authorized_keys;
mod billing_product;
mod boot_drivers;
mod boot_mode;
mod boot_target;
mod build_accounts;
pub(crate) mod buyer_key;
mod certificates;
mod clear_text;
pub(crate) mod cloud_init_leftovers;
mod cloud_init_logs;
pub(crate) mod cloud_init_passwords;
pub(crate) mod console_autologin;
pub(crate) mod dbus_machine_id;
mod default_user;
mod device_names;
mod encrypted_file_systems;
mod encryption;
mod extra_volumes;
mod first_password;
mod free_space;
mod host_firewall;
mod host_keys;
pub(crate) mod host_keys_at_first_boot;
pub(crate) mod host_trust;
pub(crate) mod hostname;
mod initramfs_secrets;
pub(crate) mod instance_connect;
pub(crate) mod key_login;
pub(crate) mod keyboard_interactive;
mod life_cycle;
mod listeners;
mod listing_details;
pub(crate) mod login_records;
pub(crate) mod logs;
pub(crate) mod machine_id;
mod malware;
pub(crate) mod mandatory_access;
pub(crate) mod match_blocks;
pub(crate) mod mounts_portable;
pub(crate) mod network_at_boot;
pub(crate) mod network_bindings;
mod newest_kernel;
mod null_passwords;
mod open_relay;
pub(in crate::check) mod origins;
mod own_traces;
mod package_origins;
pub(crate) mod pam_nullok;
pub(crate) mod password_expiry;
mod password_fields;
mod password_hashes;
mod product_codes;
mod public_sharing;
pub(crate) mod repositories;
mod root_device;
mod root_login;
mod root_password;
mod runtimes;
pub(super) mod security_groups;
pub(super) mod security_updates;
mod service_shells;
mod snapshot_encryption;
mod snapshot_sizes;
pub(crate) mod ssh_keys;
pub(crate) mod ssh_reachable;
mod ssh_socket;
pub(crate) mod sshd_at_boot;
mod sshd_valid;
mod standing_access;
pub(crate) mod storage_ids;
pub(crate) mod sudo_rights;
pub(crate) mod sudoers;
pub(crate) mod swap;
mod temporary_files;
pub(crate) mod trust_anchors;
mod unique_uids;
mod usage_instructions;
mod user_keys;
mod virtualization;

/// Judges by `check`.
pub(super) fn check(check: OwnCheck, image: &Image, context: &Context) -> Result<Finding, Error> {
    match check {
        OwnCheck::LifeCycle => life_cycle::check(image, context),
        OwnCheck::Runtimes => runtimes::check(image, context),
        OwnCheck::SecurityUpdates => security_updates::check(image, context),
        OwnCheck::NewestKernel => newest_kernel::check(image),
        OwnCheck::Malware => malware::check(image, context),
        OwnCheck::Repositories => repositories::check(image),
        OwnCheck::PackageOrigins => package_origins::check(image),
        OwnCheck::KeyboardInteractive => keyboard_interactive::check(image),
        OwnCheck::RootLogin => root_login::check(image),
        OwnCheck::MatchBlocks => match_blocks::check(image),
        OwnCheck::CloudInitPasswords => cloud_init_passwords::check(image),
        OwnCheck::SshdAtBoot => sshd_at_boot::check(image),
        OwnCheck::SshReachable => ssh_reachable::check(image),
        OwnCheck::KeyLogin => key_login::check(image),
        OwnCheck::HostTrust => host_trust::check(image),
        OwnCheck::SshdValid => sshd_valid::check(image),
        OwnCheck::TrustAnchors => trust_anchors::check(image),
        OwnCheck::HostKeys => host_keys::check(image),
        OwnCheck::HostKeysAtFirstBoot => host_keys_at_first_boot::check(image),
        OwnCheck::AuthorizedKeys => authorized_keys::check(image, context),
        OwnCheck::UserKeys => user_keys::check(image),
        OwnCheck::BuyerKey => buyer_key::check(image),
        OwnCheck::InitramfsSecrets => initramfs_secrets::check(image),
        OwnCheck::NullPasswords => null_passwords::check(image),
        OwnCheck::PasswordHashes => password_hashes::check(image),
        OwnCheck::RootPassword => root_password::check(image),
        OwnCheck::UniqueUids => unique_uids::check(image),
        OwnCheck::BuildAccounts => build_accounts::check(image),
        OwnCheck::DefaultUser => default_user::check(image),
        OwnCheck::SudoRights => sudo_rights::check(image),
        OwnCheck::PasswordExpiry => password_expiry::check(image, context),
        OwnCheck::StandingAccess => standing_access::check(image),
        OwnCheck::PamNullok => pam_nullok::check(image),
        OwnCheck::ConsoleAutologin => console_autologin::check(image),
        OwnCheck::ServiceShells => service_shells::check(image),
        OwnCheck::FirstPassword => first_password::check(image),
        OwnCheck::FreeSpace => free_space::check(image),
        OwnCheck::InstanceConnect => instance_connect::check(image),
        OwnCheck::Certificates => certificates::check(image, context),
        OwnCheck::MachineId => machine_id::check(image),
        OwnCheck::DbusMachineId => dbus_machine_id::check(image),
        OwnCheck::Hostname => hostname::check(image),
        OwnCheck::StorageIds => storage_ids::check(image),
        OwnCheck::CloudInitLeftovers => cloud_init_leftovers::check(image),
        OwnCheck::Logs => logs::check(image),
        OwnCheck::LoginRecords => login_records::check(image),
        OwnCheck::CloudInitLogs => cloud_init_logs::check(image),
        OwnCheck::TemporaryFiles => temporary_files::check(image),
        OwnCheck::Swap => swap::check(image),
        OwnCheck::NetworkBindings => network_bindings::check(image),
        OwnCheck::DeviceNames => device_names::check(image),
        OwnCheck::MountsPortable => mounts_portable::check(image),
        OwnCheck::NetworkAtBoot => network_at_boot::check(image),
        OwnCheck::BootDrivers => boot_drivers::check(image),
        OwnCheck::EncryptedFileSystems => encrypted_file_systems::check(image),
        OwnCheck::MandatoryAccess => mandatory_access::check(image),
        OwnCheck::BootTarget => boot_target::check(image),
        OwnCheck::ClearText => clear_text::check(image),
        OwnCheck::OpenRelay => open_relay::check(image),
        OwnCheck::HostFirewall => host_firewall::check(image),
        OwnCheck::AmiOwner => ami_owner::check(image, context),
        OwnCheck::Virtualization => virtualization::check(image, context),
        OwnCheck::Architecture => architecture::check(image, context),
        OwnCheck::RootDevice => root_device::check(image, context),
        OwnCheck::SnapshotEncryption => snapshot_encryption::check(context),
        OwnCheck::SnapshotSizes => snapshot_sizes::check(context),
        OwnCheck::ProductCodes => product_codes::check(image, context),
        OwnCheck::AmiAge => ami_age::check(context),
        OwnCheck::AmiName => ami_name::check(context),
        OwnCheck::BillingProduct => billing_product::check(image, context),
        OwnCheck::BootMode => boot_mode::check(image, context),
        OwnCheck::PublicSharing => public_sharing::check(context),
        OwnCheck::ExtraVolumes => extra_volumes::check(context),
        OwnCheck::UsageInstructions => usage_instructions::check(image),
        OwnCheck::SecurityGroups => security_groups::check(image),
        OwnCheck::Encryption => encryption::check(image),
        OwnCheck::ListingDetails => listing_details::check(image),
        OwnCheck::OwnTraces => own_traces::check(image, context),
    }
}
