//! The image and the program in the report's words.

use super::{ImageInfo, Mode, OsInfo, Tool};
use crate::image::text::{path, visible};
use crate::image::{self, Image};

impl ImageInfo {
    /// An image at `root` of which nothing more is known.
    pub fn unknown(mode: Mode, root: String) -> Self {
        Self {
            mode,
            root,
            os: None,
            arch: None,
            kernel: None,
            boot_id: None,
            machine_id: None,
            filesystem_uuid: None,
            partition_uuid: None,
            virtualization: None,
            security: None,
            fips: None,
            packages: None,
        }
    }

    /// Describes `image`. What cannot be found out is `None`.
    pub fn of(image: &Image) -> Self {
        let os = image.os().ok().map(|os| OsInfo {
            id: visible(&os.id),
            version_id: visible(&os.version_id),
            pretty_name: visible(&os.pretty_name),
        });
        let live = image.live();
        let mode = match image.mode() {
            image::Mode::Live => Mode::Live,
            image::Mode::Offline => Mode::Offline,
        };
        Self {
            os,
            arch: image.arch().map(str::to_owned),
            kernel: live.map(|live| visible(&live.kernel_release())),
            ..Self::unknown(mode, path(image.mount_point()))
        }
        .with_facts(image)
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
