//! Which kernel the boot loader will start next, from its files alone: GRUB's menu, its saved entry, and boot loader
//! entries (the Boot Loader Specification, as RHEL and Amazon Linux use it).

use std::path::{Path, PathBuf};

use crate::image::{Error, Image, text};

/// What the next boot starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NextBoot {
    /// This release, as this file says.
    Kernel(String, PathBuf),
    /// Nothing on the image says; why.
    Unknown(String),
}

/// Where GRUB's menu and its environment block lie; EFI systems have the first as a stub that leads to one of these.
const GRUB: [&str; 2] = ["/boot/grub2", "/boot/grub"];

/// What the next boot of `image` starts, of `kernels` (oldest first).
pub(super) fn find(image: &Image, kernels: &[String]) -> Result<NextBoot, Error> {
    let first = |name: &str| -> Result<Option<(PathBuf, String)>, Error> {
        for directory in GRUB {
            let path = Path::new(directory).join(name);
            if let Some(text) = image.read_text(&path)? {
                return Ok(Some((path, text)));
            }
        }
        Ok(None)
    };
    let menu = first("grub.cfg")?;
    let saved = first("grubenv")?.and_then(|(path, block)| Some((path, saved_entry(&block)?)));
    let mut entries = Vec::new();
    for path in image.glob("/boot/loader/entries/*.conf")? {
        if let Some(text) = image.read_text(&path)? {
            entries.extend(entry(&path, &text));
        }
    }
    let defaults = PathBuf::from("/etc/default/grub");
    let wanted = image.read_text(&defaults)?.and_then(|text| setting(&text, "GRUB_DEFAULT")).unwrap_or_default();
    let by_entries = !entries.is_empty() && menu.as_ref().is_none_or(|(_, menu)| menu.contains("blscfg"));
    // Without a word about it, a menu of entries goes by what was saved, a written menu by its first line.
    let chosen = if wanted == "saved" || (by_entries && wanted.is_empty()) {
        saved
    } else {
        Some(wanted).filter(|wanted| !wanted.is_empty()).map(|wanted| (defaults, wanted))
    };
    let chosen = chosen.filter(|(_, name)| name != "0");
    if let Some((path, name)) = chosen {
        if by_entries {
            if let Some(entry) = entries.iter().find(|entry| entry.id == name || entry.title == name) {
                return Ok(NextBoot::Kernel(entry.release.clone(), path));
            }
            // GRUB starts the first entry when the one it is told of is not there.
            if name.parse::<u32>().is_err() && !kernels.iter().any(|kernel| name.contains(kernel.as_str())) {
                return Ok(NextBoot::of_newest(kernels, path));
            }
        }
        let named = kernels.iter().filter(|kernel| name.contains(kernel.as_str())).max_by_key(|kernel| kernel.len());
        return Ok(match named {
            Some(kernel) => NextBoot::Kernel(kernel.clone(), path),
            None => NextBoot::Unknown(format!("{} chooses \"{}\"", text::path(&path), text::visible(&name))),
        });
    }
    match menu {
        _ if by_entries => Ok(NextBoot::of_newest(kernels, PathBuf::from("/boot/loader/entries"))),
        Some((path, menu)) => Ok(match first_kernel(&menu) {
            Some(kernel) => NextBoot::Kernel(kernel, path),
            None => NextBoot::Unknown(format!("{} starts no kernel by its name", text::path(&path))),
        }),
        None => Ok(NextBoot::Unknown("no menu of GRUB was found".to_owned())),
    }
}

impl NextBoot {
    fn of_newest(kernels: &[String], said: PathBuf) -> Self {
        match kernels.last() {
            Some(newest) => Self::Kernel(newest.clone(), said),
            None => Self::Unknown("no kernel is installed".to_owned()),
        }
    }
}

/// A boot loader entry.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// The file's name without `.conf`.
    id: String,
    title: String,
    release: String,
}

/// An entry of the Boot Loader Specification: `key value` lines.
fn entry(path: &Path, text: &str) -> Option<Entry> {
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.trim().split_once([' ', '\t'])?;
            (name == key).then(|| value.trim().to_owned())
        })
    };
    let release = value("linux").and_then(|linux| release_of(&linux)).or_else(|| value("version"))?;
    Some(Entry { id: path.file_stem()?.to_str()?.to_owned(), title: value("title").unwrap_or_default(), release })
}

/// The release in the name of a kernel's file: `/vmlinuz-6.1.0-40-amd64`.
fn release_of(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?;
    name.strip_prefix("vmlinuz-").or_else(|| name.strip_prefix("Image-")).map(str::to_owned)
}

/// The kernel of the first menu entry.
fn first_kernel(menu: &str) -> Option<String> {
    menu.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| matches!(*word, "linux" | "linux16" | "linuxefi"))?;
        release_of(words.next()?)
    })
}

/// `saved_entry` in GRUB's environment block.
fn saved_entry(block: &str) -> Option<String> {
    let value = block.lines().find_map(|line| line.strip_prefix("saved_entry="))?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The last value of a shell assignment, without its quotes.
fn setting(text: &str, name: &str) -> Option<String> {
    let assigned = |line: &str| Some(line.trim().strip_prefix(name)?.strip_prefix('=')?.trim().to_owned());
    let value = text.lines().filter_map(assigned).next_back()?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use proptest::prelude::*;

    fn next(fixture: &Fixture) -> NextBoot {
        let kernels = ["6.1.0-9-amd64", "6.1.0-40-amd64"].map(str::to_owned);
        find(&fixture.image(), &kernels).unwrap()
    }

    fn release(next: NextBoot) -> String {
        match next {
            NextBoot::Kernel(release, _) => release,
            NextBoot::Unknown(why) => why,
        }
    }

    const MENU: &str = "menuentry 'Debian' {\n\tlinux\t/boot/vmlinuz-6.1.0-40-amd64 root=UUID=1 ro\n}\n\
                        submenu x {\n\tlinux /boot/vmlinuz-6.1.0-9-amd64\n}\n";

    #[test]
    fn a_written_menu_starts_its_first_entry_unless_another_is_chosen() {
        let fixture = Fixture::debian();
        assert_eq!(release(next(&fixture)), "no menu of GRUB was found");
        fixture.file("/boot/grub/grub.cfg", MENU);
        assert_eq!(release(next(&fixture)), "6.1.0-40-amd64");
        fixture.file("/etc/default/grub", "GRUB_DEFAULT=saved\n");
        assert_eq!(release(next(&fixture)), "6.1.0-40-amd64");
        fixture.file(
            "/boot/grub/grubenv",
            "# GRUB Environment Block\nsaved_entry=gnulinux-advanced-1>gnulinux-6.1.0-9-amd64-advanced-1\n####",
        );
        assert_eq!(release(next(&fixture)), "6.1.0-9-amd64");
        fixture.file("/etc/default/grub", "GRUB_DEFAULT=0\n");
        assert_eq!(release(next(&fixture)), "6.1.0-40-amd64");
        fixture.file("/etc/default/grub", "GRUB_DEFAULT=\"1>2\"\n");
        assert!(matches!(next(&fixture), NextBoot::Unknown(why) if why.contains("1>2")));
    }

    #[test]
    fn boot_loader_entries_go_by_what_was_saved() {
        let fixture = Fixture::debian();
        let kernel = |release: &str| {
            format!("title Amazon Linux ({release})\nversion {release}\nlinux /boot/vmlinuz-{release}\n")
        };
        fixture
            .file("/boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n")
            .file("/boot/loader/entries/ab-6.1.0-9-amd64.conf", kernel("6.1.0-9-amd64"))
            .file("/boot/loader/entries/ab-6.1.0-40-amd64.conf", kernel("6.1.0-40-amd64"));
        assert_eq!(release(next(&fixture)), "6.1.0-40-amd64");
        fixture.file("/boot/grub2/grubenv", "saved_entry=ab-6.1.0-9-amd64\n");
        assert_eq!(release(next(&fixture)), "6.1.0-9-amd64");
        fixture.file("/boot/grub2/grubenv", "saved_entry=gone-5.10.conf\n");
        assert_eq!(release(next(&fixture)), "6.1.0-40-amd64");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,80}") {
            let _ = (entry(Path::new("/a.conf"), &text), first_kernel(&text), saved_entry(&text), setting(&text, "A"));
        }
    }
}
