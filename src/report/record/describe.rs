//! The image and the program in the report's words.

use super::{Identity, IdentityOf, ImageInfo, InstanceInfo, Mode, OsInfo, Tool};
use crate::image::live::metadata::Answer;
use crate::image::text::{path, visible};
use crate::image::{self, Image};

impl ImageInfo {
    /// Describes `image`. What cannot be found out is `None`.
    pub fn of(image: &Image) -> Self {
        let os = image.os().ok().map(|os| OsInfo {
            id: visible(&os.id),
            version_id: visible(&os.version_id),
            pretty_name: visible(&os.pretty_name),
        });
        let live = image.live();
        Self {
            mode: match image.mode() {
                image::Mode::Live => Mode::Live,
                image::Mode::Offline => Mode::Offline,
            },
            root: path(image.mount_point()),
            os,
            arch: image.arch().map(str::to_owned),
            kernel: live.map(|live| visible(&live.kernel_release())),
            boot_id: None,
            machine_id: None,
            filesystem_uuid: None,
            partition_uuid: None,
            virtualization: None,
            security: None,
            fips: None,
            packages: None,
        }
        .with_facts(image)
    }
}

impl Identity {
    /// No identity, for this reason.
    pub fn unavailable(of: IdentityOf, why: &str) -> Self {
        Self {
            of,
            claims: None,
            document: None,
            rsa2048: None,
            document_sha256: None,
            fetched_at: None,
            unavailable: Some(visible(why)),
        }
    }

    /// The identity of the machine that `image` is, or is looked at on. Asks the metadata service of a live image unless
    /// that was forbidden.
    pub fn of(image: &Image) -> Self {
        let Some(live) = image.live() else {
            return Self::unavailable(IdentityOf::Inspector, "the image is not running");
        };
        match live.metadata() {
            Answer::Found { document, .. } => {
                Self { claims: Some(claims(document)), unavailable: None, ..Self::unavailable(IdentityOf::Image, "") }
            }
            Answer::Forbidden => Self::unavailable(IdentityOf::Image, "the metadata service was not asked: --no-imds"),
            Answer::None(why) => Self::unavailable(IdentityOf::Image, why),
        }
    }
}

fn claims(document: &std::collections::BTreeMap<String, String>) -> InstanceInfo {
    let field = |name: &str| document.get(name).map(|value| visible(value));
    InstanceInfo {
        instance_id: field("instanceId"),
        image_id: field("imageId"),
        region: field("region"),
        account_id: field("accountId"),
    }
}

impl Tool {
    /// This program. Its own file is read once for its digest, which `verify` can compare with a published one.
    pub fn current() -> Self {
        #![expect(
            clippy::disallowed_methods,
            reason = "the program's own file, which is no part of the image's content"
        )]
        let libc = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("SEAWORTHY_COMMIT").map(str::to_owned),
            target: format!("{}-{}-{libc}", std::env::consts::ARCH, std::env::consts::OS),
            binary_sha256: std::fs::read("/proc/self/exe").ok().map(|bytes| super::super::sha256_hex(&bytes)),
            arguments: Vec::new(),
        }
    }
}
