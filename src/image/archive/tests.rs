//! Archives built here, whole and broken.

use std::io::Write;

use proptest::prelude::*;

use super::super::initramfs::tests::{cpio, gzip};
use super::*;

/// One header of a tar archive.
fn tar_header(name: &[u8], kind: u8, size: &str) -> [u8; 512] {
    let mut header = [0; 512];
    header[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    header[100..107].copy_from_slice(b"0000644");
    header[124..124 + size.len()].copy_from_slice(size.as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

fn tar_entry(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = tar_header(name, kind, &format!("{:011o}", content.len())).to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A tar archive of regular files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        files.iter().flat_map(|(name, content)| tar_entry(name.as_bytes(), b'0', content)).collect();
    bytes.extend([0; 1024]);
    bytes
}

/// A member of a ZIP archive: its name, its content, the method it is packed with (0 or 8), its flags.
pub(crate) type Zipped<'a> = (&'a str, &'a [u8], u16, u16);

/// A ZIP archive.
pub(crate) fn zip(files: &[Zipped<'_>]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content, method, flags) in files {
        let packed = if *method == 8 { deflate(content) } else { content.to_vec() };
        let offset = u32::try_from(bytes.len()).unwrap();
        let mut common = Vec::new();
        for short in [20, *flags, *method, 0, 0] {
            common.extend(short.to_le_bytes());
        }
        for long in [0, packed.len(), content.len()] {
            common.extend(u32::try_from(long).unwrap().to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        bytes.extend(b"PK\x03\x04".iter().chain(&common).chain(name.as_bytes()).chain(&packed));
        directory.extend(b"PK\x01\x02\x14\0".iter().chain(&common).chain(&[0; 10]));
        directory.extend(offset.to_le_bytes().iter().chain(name.as_bytes()));
    }
    let (at, entries) = (u32::try_from(bytes.len()).unwrap(), u16::try_from(files.len()).unwrap());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([entries.to_le_bytes(), entries.to_le_bytes()].concat());
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(at.to_le_bytes().iter().chain(&[0; 2]));
    bytes
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A Debian package of two tar archives.
pub(crate) fn deb(control: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in [("debian-binary", &b"2.0\n"[..]), ("control.tar.gz", control), ("data.tar.zst/", data)] {
        bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

/// An RPM package with this payload.
pub(crate) fn rpm(payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"\xed\xab\xee\xdb\x03".to_vec();
    bytes.resize(96, 0);
    for length in [5_u32, 3] {
        bytes.extend(b"\x8e\xad\xe8\x01\0\0\0\0\0\0\0\x01");
        bytes.extend(length.to_be_bytes());
        bytes.resize(bytes.len() + 16 + length as usize, 1);
        if length == 5 {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
    }
    bytes.extend(payload);
    bytes
}

/// What is in `bytes`: names and contents, and how it ended.
fn unpacked(bytes: &[u8]) -> (Vec<(String, String)>, Result<(), Stop>) {
    let mut found = Vec::new();
    let Some(format) = Format::of(&bytes[..bytes.len().min(HEAD)]) else {
        return (found, Err(Stop::Damaged));
    };
    let ended = members(format, Cursor::new(bytes), &mut |member, content| {
        let mut text = Vec::new();
        let read = content.take(100).read_to_end(&mut text);
        let text = member.closed.map_or_else(|| String::from_utf8_lossy(&text).into_owned(), str::to_owned);
        found.push((member.name, text));
        read.map(drop)
    });
    (found, ended)
}

const FILES: [(&str, &[u8]); 2] = [("etc/app.env", b"first"), ("opt/x/../b\n", b"second")];

#[test]
fn every_format_gives_its_members() {
    let wanted: Vec<(String, String)> =
        FILES.map(|(name, text)| (name.to_owned(), String::from_utf8_lossy(text).into_owned())).into();
    let (tarred, copied) = (tar(&FILES), cpio(&FILES));
    let early = cpio(&[]);
    for (what, bytes) in [
        ("tar", tarred.clone()),
        ("two tars", [&tar(&FILES[..1])[..], &tar(&FILES[1..])].concat()),
        ("tar.gz", gzip(&tarred)),
        ("tar.gz of two streams", [gzip(&tarred[..700]), gzip(&tarred[700..])].concat()),
        ("tar.bz2", bzip2(&tarred)),
        ("tar.bz2 of two streams", [bzip2(&tarred[..700]), bzip2(&tarred[700..])].concat()),
        ("tar.zst", zstd(&tarred)),
        ("tar.zst with a frame to skip", [b"\x50\x2a\x4d\x18\x03\0\0\0abc", &zstd(&tarred)[..]].concat()),
        ("tar.lz4", lz4(&tarred)),
        ("cpio", copied.clone()),
        ("cpio.gz", gzip(&copied)),
        ("initramfs", [&early[..], &[0; 300], &bzip2(&copied)].concat()),
        ("initramfs the other way round", [&gzip(&cpio(&FILES[..1])), &[0; 8][..], &cpio(&FILES[1..])].concat()),
        ("zip", zip(&FILES.map(|(name, text)| (name, text, 8, 0)))),
        ("zip, stored", zip(&FILES.map(|(name, text)| (name, text, 0, 0)))),
        ("zip behind nothing it says", [&zip(&FILES.map(|(name, text)| (name, text, 8, 8)))[..], b"comment"].concat()),
        ("rpm", rpm(&zstd(&copied))),
        ("rpm, as it is", rpm(&copied)),
    ] {
        let (found, ended) = unpacked(&bytes);
        assert!(ended.is_ok(), "{what}: {ended:?}");
        assert_eq!(found, wanted, "{what}");
    }
}

#[test]
fn a_debian_package_gives_what_both_archives_hold() {
    let control = gzip(&tar(&[("./postinst", b"#!/bin/sh")]));
    for data in [tar(&FILES), zstd(&tar(&FILES)), bzip2(&tar(&FILES))] {
        let (found, ended) = unpacked(&deb(&control, &data));
        assert!(ended.is_ok(), "{ended:?}");
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["debian-binary", "postinst", "etc/app.env", "opt/x/../b\n"]);
    }
}

#[test]
fn a_compressed_file_is_one_member_without_a_name() {
    for bytes in [gzip(b"alone"), bzip2(b"alone"), zstd(b"alone"), lz4(b"alone")] {
        let (found, ended) = unpacked(&bytes);
        assert!(ended.is_ok(), "{ended:?}");
        assert_eq!(found, [(String::new(), "alone".to_owned())]);
    }
}

#[test]
fn long_names_and_sizes_are_read_in_every_way_tar_writes_them() {
    let long = "d/".repeat(90) + "file";
    let record = |text: String| {
        let length = text.len() + 2;
        format!("{} {text}\n", length + (length + 1).to_string().len())
    };
    let pax = record(format!("path={long}")) + &record("size=3".to_owned());
    let mut wide = tar_header(b"w", b'0', "");
    wide[124] = 0x80;
    wide[135] = 3;
    wide[148..156].fill(b' ');
    let sum: u64 = wide.iter().map(|&byte| u64::from(byte)).sum();
    wide[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let block = |text: &[u8]| [text, &vec![0; 512 - text.len()]].concat();
    let mut sparse = tar_header(b"s", b'S', "00000000003");
    sparse[482] = 1;
    sparse[148..156].fill(b' ');
    let sum: u64 = sparse.iter().map(|&byte| u64::from(byte)).sum();
    sparse[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    for (what, bytes, name) in [
        (
            "GNU",
            [tar_entry(b"././@LongLink", b'L', long.as_bytes()), tar_entry(b"x", b'0', b"abc")].concat(),
            long.as_str(),
        ),
        (
            "pax",
            [tar_entry(b"x", b'x', pax.as_bytes()), tar_header(b"x", b'0', "0").to_vec(), block(b"abc")].concat(),
            &long,
        ),
        ("binary size", [wide.to_vec(), block(b"abc")].concat(), "w"),
        ("sparse", [sparse.to_vec(), block(b""), block(b"abc")].concat(), "s"),
        ("a link before it", [tar_header(b"l", b'2', "777").to_vec(), tar_entry(b"f", b'0', b"abc")].concat(), "f"),
    ] {
        let (found, ended) = unpacked(&bytes);
        assert!(ended.is_ok(), "{what}: {ended:?}");
        assert_eq!(found, [(name.to_owned(), "abc".to_owned())], "{what}");
    }
}

#[test]
fn what_is_cut_short_or_lies_is_damaged_and_what_came_before_stands() {
    let (tarred, zipped) = (tar(&FILES), zip(&FILES.map(|(name, text)| (name, text, 8, 0))));
    let random: Vec<u8> =
        (0..4000_u32).map(|number| (number.wrapping_mul(number).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let large = gzip(&tar(&[FILES[0], ("random", &random)]));
    for (what, bytes, before) in [
        ("tar", tarred[..1100].to_vec(), 1),
        ("tar, in its content", tarred[..1538].to_vec(), 2),
        ("tar.gz", large[..large.len() - 2000].to_vec(), 2),
        ("tar with a size of petabytes", tar_header(b"a", b'0', "777777777777").to_vec(), 1),
        ("tar with names without end", tar_header(b"a", b'L', "77777777777").to_vec(), 0),
        ("zip", zipped[..zipped.len() - 30].to_vec(), 0),
        ("zip without an end", b"PK\x03\x04".to_vec(), 0),
        ("deb", deb(b"", b"")[..40].to_vec(), 0),
        ("rpm", rpm(b"")[..100].to_vec(), 0),
        ("rpm of something", rpm(b"what is this?"), 0),
        ("cpio", cpio(&FILES)[..140].to_vec(), 1),
    ] {
        let (found, ended) = unpacked(&bytes);
        assert!(matches!(ended, Err(Stop::Damaged)), "{what}: {ended:?}");
        assert_eq!(found.len(), before, "{what}");
    }
}

#[test]
fn what_is_encrypted_or_packed_otherwise_is_named() {
    let bytes = zip(&[("a", b"x", 0, 1), ("b", b"x", 9, 0), ("c/", b"", 0, 0), ("d", b"x", 0, 0)]);
    let (found, ended) = unpacked(&bytes);
    assert!(ended.is_ok());
    assert_eq!(found[0].1, "encrypted");
    assert_eq!(found[1].1, "packed in a way that is not unpacked here");
    assert_eq!(found[2], ("d".to_owned(), "x".to_owned()));
    assert!(matches!(unpacked(b"7z\xbc\xaf\x27\x1c....").1, Err(Stop::Closed("7-Zip"))));
}

/// Reads everything, and says how much it was.
fn drained(bytes: &[u8]) -> (u64, Result<(), Stop>) {
    let mut length = 0;
    let ended = members(Format::of(&bytes[..bytes.len().min(HEAD)]).unwrap(), Cursor::new(bytes), &mut |_, content| {
        let mut chunk = vec![0; 1 << 16];
        loop {
            match content.read(&mut chunk)? {
                0 => return Ok(()),
                read => length += read as u64,
            }
        }
    });
    (length, ended)
}

#[test]
fn bombs_end_at_the_limit() {
    // Blocks of one byte, 128 KiB long each (RFC 8878, "RLE_Block"), and a frame of them again and again.
    let block =
        |last: u32| ((128 << 10 << 3) | 2 | last).to_le_bytes()[..3].iter().copied().chain([0]).collect::<Vec<u8>>();
    let mut zeros = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    zeros.extend(block(0).repeat(10_000));
    zeros.extend(block(1));
    let frames = zeros.repeat(2);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![0; 10 << 20]).unwrap();
    let streams = packer.finish().unwrap().repeat(20);
    let overlapping = {
        // Every entry of the directory points to the same member.
        let one = zip(&[("a", &vec![0; 4 << 20], 8, 0)]);
        let start = one.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let (head, entry) = (&one[..start], &one[start..one.len() - 22]);
        let mut bytes = [head, &entry.repeat(1000), &one[one.len() - 22..]].concat();
        let end = bytes.len() - 22;
        bytes[end + 8..end + 12].copy_from_slice(&[0xe8, 3, 0xe8, 3]);
        bytes[end + 12..end + 16].copy_from_slice(&u32::try_from(entry.len() * 1000).unwrap().to_le_bytes());
        bytes
    };
    for (what, bytes) in [("zstd", frames), ("gzip", streams), ("zip", overlapping)] {
        let limit = bytes.len() as u64 * RATIO + EXPANDED_FREE;
        let (length, ended) = drained(&bytes);
        assert!(matches!(ended, Err(Stop::Expanded(_))), "{what}: {ended:?} after {length}");
        assert!(length <= limit, "{what}: {length}");
    }
}

#[test]
fn a_window_that_is_too_large_is_refused() {
    // 128 MiB: a descriptor with exponent 17 and no mantissa (RFC 8878, "Window_Descriptor").
    let bytes = b"\x28\xb5\x2f\xfd\x00\x88\x01\0\0";
    assert!(matches!(unpacked(bytes).1, Err(Stop::Memory)));
    // A header that asks for 4 GiB.
    let bytes = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01\x28\0\0\0\0\0\0\0";
    assert!(matches!(unpacked(bytes).1, Err(Stop::Memory)));
    let bytes = [0x5d, 0, 0, 0, 0x80].into_iter().chain([0xff; 8]).chain([0; 20]).collect::<Vec<u8>>();
    assert!(matches!(unpacked(&bytes).1, Err(Stop::Memory)));
    // What `printf x | xz -9` writes asks for 64 MiB and needs next to nothing.
    let bytes = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x1c\0\0\0\x10\xcfX\xcc\x01\0\0x\0\0\0\0\
        E\xae\xef\x83\xf8\xee\x16\x0a\0\x01\x19\x01\xa5,\x81\xcc\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";
    let (found, ended) = unpacked(bytes);
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(found[0].1, "x");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..14usize) {
        let magics: [&[u8]; 14] = [
            b"", b"070701", b"070707", b"\xc7\x71", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"\x02\x21\x4c\x18",
            b"\x04\x22\x4d\x18", b"BZh91", b"\x5d\0\0\x80\0", b"PK\x03\x04", b"!<arch>\ndebian-binary   ",
            b"\xed\xab\xee\xdb",
        ];
        let _ = unpacked(&[magics[kind], &bytes].concat());
    }

    #[test]
    fn a_damaged_archive_is_survived(at in 0..4000usize, byte in any::<u8>(), cut in 0..4000usize, kind in 0..10usize) {
        let files: [(&str, &[u8]); 2] = [("a", &[7; 900]), ("b/c", b"x")];
        let mut bytes = match kind {
            0 => tar(&files),
            1 => gzip(&tar(&files)),
            2 => zstd(&tar(&files)),
            3 => bzip2(&tar(&files)),
            4 => lz4(&tar(&files)),
            5 => cpio(&files),
            6 => zip(&files.map(|(name, text)| (name, text, 8, 0))),
            7 => zip(&files.map(|(name, text)| (name, text, 0, 8))),
            8 => deb(&gzip(&tar(&files)), &zstd(&tar(&files))),
            _ => rpm(&zstd(&cpio(&files))),
        };
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(bytes.len().max(1).min(cut + 500));
        let _ = unpacked(&bytes);
    }
}
