//! Archives made by the real cpio(1), packed by the real programs, are read as what went in.

use std::path::Path;
use std::process::Command;

use seaworthy::image::{Image, initramfs};

#[test]
#[ignore = "needs cpio, gzip, zstd, xz and lz4; run by .ci/run"]
fn what_the_real_programs_pack_is_read() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    for directory in ["etc", "usr", "boot", "packed/root/.ssh", "packed/bin"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::fs::write(root.join("packed/init"), "#!/bin/sh\n").unwrap();
    std::fs::write(root.join("packed/root/.ssh/authorized_keys"), "ssh-ed25519 AAAA\n").unwrap();
    // Larger than a zstd or LZ4 block, and not all zeros.
    let large: Vec<u8> =
        (0..9_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8 & 15).collect();
    std::fs::write(root.join("packed/bin/large"), &large).unwrap();
    let boot = root.join("boot");
    let pack = format!(
        "cd {0}/packed && find . | LC_ALL=C sort | cpio -o -H newc --quiet > {1}/main.cpio && cd {1} && \
         echo ./init | (cd ../packed && cpio -o -H newc --quiet) > early.cpio && \
         cp main.cpio initrd.plain && gzip -9 < main.cpio > initrd.gzip && zstd -q -19 < main.cpio > initrd.zstd && \
         xz --check=crc32 --lzma2=dict=1MiB < main.cpio > initrd.xz && lz4 -q -l < main.cpio > initrd.lz4 && \
         cat early.cpio initrd.zstd > initrd.early",
        root.display(),
        boot.display()
    );
    assert!(Command::new("sh").args(["-c", &pack]).status().unwrap().success());
    let image = Image::open(root).unwrap();
    let wanted = ["", "bin", "bin/large", "init", "root", "root/.ssh", "root/.ssh/authorized_keys"];
    for name in ["plain", "gzip", "zstd", "xz", "lz4", "early"] {
        let (mut names, mut size) = (Vec::new(), 0);
        let path = format!("/boot/initrd.{name}");
        initramfs::read(&image, Path::new(&path), &mut |member| {
            if member.name == "bin/large" {
                assert!(large.starts_with(&member.start), "{name}");
                size = member.size;
            }
            names.push(member.name);
        })
        .unwrap();
        let early: &[&str] = if name == "early" { &["init"] } else { &[] };
        let names: Vec<&str> = names.iter().map(|name| name.trim_start_matches('.')).collect();
        assert_eq!(names, [early, &wanted].concat(), "{name}");
        assert_eq!(size, large.len() as u64, "{name}");
    }
}
