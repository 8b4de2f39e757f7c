//! KEY-02: lets cloud-init make host keys where it runs; else adds a unit that makes those that are missing.

use std::path::Path;

use crate::change::Remedy;
use crate::change::fix::{cloud_init, put};
use crate::check::own::host_keys_at_first_boot::{keeps_keys, makes_no_keys};
use crate::image::cloud_init::Runs;
use crate::image::{Error, Image, Node, Overlay};

const NAME: &str = "ssh-keygen-at-boot.service";

/// `ssh-keygen -A` makes only what is missing, so it may run at every boot.
const UNIT: &str = "\
[Unit]
Description=Make the SSH host keys that are missing
Before=ssh.service sshd.service ssh.socket sshd.socket

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
";

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let configuration = image.cloud_init()?;
    let mut changes = Vec::new();
    if configuration.runs == Runs::Yes && configuration.has_module("ssh") {
        if keeps_keys(configuration) {
            changes.extend(cloud_init::changes(image, "ssh_deletekeys", "true")?);
        }
        if makes_no_keys(configuration) {
            // Made from what the first change leaves: both may be in one file.
            let mut overlay: Overlay = image.overlay().clone();
            for change in &changes {
                if let crate::change::Change::Path { path, after, .. } = change {
                    overlay.put(path, after.clone());
                }
            }
            let drafted = image.drafted(overlay);
            changes.extend(cloud_init::changes(&drafted, "ssh_genkeytypes", "[rsa, ecdsa, ed25519]")?);
        }
        return Ok(Remedy::Changes(changes));
    }
    if image.stat(Path::new("/usr/bin/ssh-keygen"))?.is_none() {
        return Ok(Remedy::ByHand("ssh-keygen is not on the image, so no unit could make keys.".to_owned()));
    }
    let path = Path::new("/etc/systemd/system").join(NAME);
    put(image, &path, Some(Node::new_file(UNIT.as_bytes(), 0o644)), &mut changes)?;
    let link = Path::new("/etc/systemd/system/multi-user.target.wants").join(NAME);
    put(image, &link, Some(Node::new_link(&path)), &mut changes)?;
    Ok(Remedy::Changes(changes))
}
