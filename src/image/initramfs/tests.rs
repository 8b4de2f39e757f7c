use proptest::prelude::*;

use super::*;
use crate::image::fixture::Fixture;

/// One cpio archive of regular files.
pub(crate) fn cpio(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |name: &str, mode: u32, content: &[u8]| {
        let header = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
            1,
            0,
            0,
            1,
            0,
            content.len(),
            0,
            0,
            0,
            0,
            name.len() + 1,
            0
        );
        bytes.extend(header.bytes().chain(name.bytes()).chain([0]));
        while bytes.len() % 4 != 0 {
            bytes.push(0);
        }
        bytes.extend(content);
        while bytes.len() % 4 != 0 {
            bytes.push(0);
        }
    };
    for (name, content) in files {
        put(name, 0o100_644, content);
    }
    put("TRAILER!!!", 0, b"");
    bytes
}

fn names(bytes: &[u8]) -> Result<Vec<String>, Stop> {
    let mut names = Vec::new();
    archives(bytes, &mut |member| names.push(member.name))?;
    Ok(names)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// The legacy form with one block of literals.
fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    let length = bytes.len();
    assert!(length >= 15);
    block.push(0xf0);
    let mut left = length - 15;
    while left >= 255 {
        block.push(255);
        left -= 255;
    }
    block.push(u8::try_from(left).unwrap());
    block.extend(bytes);
    let mut packed = vec![0x02, 0x21, 0x4c, 0x18];
    packed.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
    packed.extend(block);
    packed
}

/// A zstd frame of raw blocks (RFC 8878).
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    let mut chunks = bytes.chunks(1 << 10).peekable();
    while let Some(chunk) = chunks.next() {
        let header = (chunk.len() << 3) | usize::from(chunks.peek().is_none());
        packed.extend(header.to_le_bytes().iter().take(3));
        packed.extend(chunk);
    }
    packed
}

#[test]
fn archives_follow_each_other() {
    let mut bytes = cpio(&[("kernel/x86/microcode/GenuineIntel.bin", b"m")]);
    bytes.extend([0; 300]);
    let main = cpio(&[("./etc/shadow", b"root:x"), ("/init", b"#!")]);
    for packed in [main.clone(), gzip(&main), lz4(&main), zstd(&main)] {
        let all = [bytes.as_slice(), &packed].concat();
        let wanted = ["kernel/x86/microcode/GenuineIntel.bin", "etc/shadow", "init"];
        assert_eq!(names(&all).unwrap(), wanted, "{:x?}", &packed[..4]);
    }
}

#[test]
fn what_follows_a_compressed_archive_is_looked_at() {
    let main = cpio(&[("init", b"#!")]);
    let key = cpio(&[("etc/key.pem", b"x")]);
    for packed in [gzip(&main), zstd(&main)] {
        for behind in [key.clone(), gzip(&key), lz4(&key), zstd(&key)] {
            for gap in [0, 512] {
                let all = [packed.as_slice(), &vec![0; gap], &behind].concat();
                assert_eq!(names(&all).unwrap(), ["init", "etc/key.pem"], "{:x?} {:x?}", &packed[..4], &behind[..4]);
                let mut found = Vec::new();
                let small = BufReader::with_capacity(16, all.as_slice());
                archives(small, &mut |member| found.push(member.name)).unwrap();
                assert_eq!(found.len(), 2);
            }
        }
        assert_eq!(names(&[packed.as_slice(), &[0; 700]].concat()).unwrap(), ["init"]);
        assert!(names(&[packed.as_slice(), b"something else"].concat()).is_err());
    }
    assert!(names(&[lz4(&main), gzip(&key)].concat()).is_err());
    let packed = [XZ, &[0; 8], &gzip(&key)].concat();
    assert_eq!(names(&packed).unwrap(), ["init", "etc/key.pem"]);
}

/// `cpio(&[("init", b"#!")])` as xz(1) packs it.
const XZ: &[u8] = b"\xfd7zXZ\x00\x00\x01i\x22\xde6\x02\x00!\x01\x0c\x00\x00\x00\x8f\x98A\x9c\xe0\x00\xf3\x00@]\x00\x18\
    \x0d\xdd\x04b2\xf9u\x0b\x80\xa2\xbd\x0f\xfd3\xcc~Y\x98\x83\x85\x05I-\xb5\x87\x07\xdd\x0er\xb8\xbft\
    \x91\x8fP\x00\xbb\xb9_\xc4\x13'\xbc\x1a6\x05g$1&\xc7\x85\x99\xfd]\xd8\xc4m\x874\x00\x00\x00\x00\xaeG\
    \xc4O\x00\x01X\xf4\x01\x00\x00\x00\xbf\xcf\x80&>0\x0d\x8b\x02\x00\x00\x00\x00\x01YZ";

#[test]
fn the_start_of_a_file_is_kept_and_the_rest_is_skipped() {
    let large = vec![b'x'; START_LIMIT + 10];
    let mut found = Vec::new();
    archives(cpio(&[("a", &large), ("b", b"end")]).as_slice(), &mut |member| found.push(member)).unwrap();
    assert_eq!((found[0].size, found[0].start.len()), (large.len() as u64, START_LIMIT));
    assert_eq!(found[1].start, b"end");
    assert!(found[0].is_file());
}

#[test]
fn what_is_no_initramfs_is_told() {
    let whole = cpio(&[("a", b"1234")]);
    let cut = &whole[..whole.len() - 20];
    let bomb = gzip(&vec![0; 1 << 20]);
    for (bytes, wanted) in [
        (&b""[..], "empty"),
        (b"hello, world", "neither a cpio archive nor"),
        (b"BZh91AY", "cut short"),
        (b"\x89LZO\0\r\n", "lzop"),
        (cut, ""),
        (&gzip(cut), ""),
        (&gzip(&whole)[..20], ""),
        (&bomb, "empty"),
    ] {
        let error = names(bytes).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn an_image_gives_each_of_its_own() {
    let fixture = Fixture::bare();
    fixture.file("/boot/initrd.img-6.1.0-18-cloud-amd64", gzip(&cpio(&[("init", b"")])));
    fixture.file("/boot/vmlinuz-6.1.0-18-cloud-amd64", "x").file("/boot/initrd.img-6.1.0-18.dpkg-bak", "x");
    fixture.file("/boot/initramfs-5.14.0.img", "x").link("/boot/initrd.img", "initrd.img-6.1.0-18-cloud-amd64");
    let image = fixture.image();
    let found = all(&image).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    let mut names = Vec::new();
    read(&image, &found[1], &mut |member| names.push(member.name)).unwrap();
    assert_eq!(names, ["init"]);
    let error = read(&image, Path::new("/boot/initramfs-5.14.0.img"), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("/boot/initramfs-5.14.0.img"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..6usize) {
        let magics: [&[u8]; 6] = [b"", b"070701", &[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd], b"\xfd7zXZ\0", &[2, 0x21, 0x4c, 0x18]];
        let _ = names(&[magics[kind], &bytes].concat());
    }

    #[test]
    fn a_damaged_archive_is_survived(at in 0..2000usize, byte in any::<u8>(), packing in 0..4usize) {
        let whole = cpio(&[("a", &[7; 900]), ("b", b"x")]);
        let mut bytes = match packing { 0 => whole, 1 => gzip(&whole), 2 => lz4(&whole), _ => zstd(&whole) };
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = names(&bytes);
    }
}
