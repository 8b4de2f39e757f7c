"""Packs the tree CONTENT in every format there is, into the directory INTO: each archive with the names of its members.

    pack.py CONTENT INTO        honest archives; prints `NAME<tab>PREFIX` for each
    pack.py --bombs INTO        archives made to exhaust whoever opens them
"""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
import zlib


def run(command, **more):
    return subprocess.run(command, shell=isinstance(command, str), check=True, stdout=subprocess.PIPE, **more).stdout


COMPRESSORS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zst": lambda data: run(["zstd", "-qc"], input=data),
    "lz4": lambda data: run(["lz4", "-qc"], input=data),
}


def tarred(content, form):
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        archive.add(content, arcname=".")
    return into.getvalue()


def honest(content, into):
    def put(name, data):
        with open(os.path.join(into, name), "wb") as file:
            file.write(data)
        print(name)

    plain = tarred(content, tarfile.GNU_FORMAT)
    put("gnu.tar", plain)
    put("pax.tar", tarred(content, tarfile.PAX_FORMAT))
    put("ustar.tar", tarred(content, tarfile.USTAR_FORMAT))
    for ending, compress in COMPRESSORS.items():
        if ending != "lzma":
            put(f"app.tar.{ending}", compress(plain))
    put("two-streams.tar.gz", gzip.compress(plain[:5000]) + gzip.compress(plain[5000:]))
    put("two-frames.tar.zst", COMPRESSORS["zst"](plain[:5000]) + COMPRESSORS["zst"](plain[5000:]))
    names = sorted(os.path.relpath(os.path.join(folder, file), content) for folder, _, files in os.walk(content) for file in files)
    for name, method in [("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED), ("app.jar", zipfile.ZIP_DEFLATED)]:
        with zipfile.ZipFile(os.path.join(into, name), "w", method) as archive:
            for member in names:
                archive.write(os.path.join(content, member), member)
        print(name)
    with open(os.path.join(into, "app.jar"), "rb") as jar:
        put("starts.jar", b"#!/bin/bash\nexec java -jar \"$0\" \"$@\"\n" + jar.read())
    # Written to a pipe: sizes stand behind the data.
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()
        def writable(self):
            return True
        def write(self, data):
            self.data += data
            return len(data)
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in names:
            archive.write(os.path.join(content, member), member)
    put("streamed.zip", bytes(pipe.data))
    cpio = run(f"cd '{content}' && find . | LC_ALL=C sort | cpio -o -H newc --quiet")
    crc = run(f"cd '{content}' && find . | LC_ALL=C sort | cpio -o -H crc --quiet")
    early = run(f"cd '{os.path.dirname(content)}' && echo ./early | cpio -o -H newc --quiet")
    put("newc.cpio", cpio)
    put("crc.cpio", crc)
    put("app.cpio.gz", gzip.compress(cpio))
    for ending in ["gz", "xz", "zst"]:
        data = lzma.compress(cpio, check=lzma.CHECK_CRC32) if ending == "xz" else COMPRESSORS[ending](cpio)
        put(f"initrd-{ending}.img", early + data)
    package = os.path.join(into, "deb")
    os.makedirs(os.path.join(package, "DEBIAN"))
    run(["cp", "-a", content + "/.", package])
    with open(os.path.join(package, "DEBIAN/control"), "w") as control:
        control.write("Package: app\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: a\n")
    for kind in ["gzip", "xz", "zstd", "none"]:
        if subprocess.run(["dpkg-deb", f"-Z{kind}", "-b", package, os.path.join(into, f"{kind}.deb")], capture_output=True).returncode == 0:
            print(f"{kind}.deb")
    run(["rm", "-r", package])
    spec = ("Name: app\nVersion: 1\nRelease: 1\nSummary: a\nLicense: MIT\nBuildArch: noarch\n%description\na\n"
            f"%install\ncp -a '{content}'/. %{{buildroot}}\n%files\n/\n")
    top = os.path.join(into, "rpm")
    os.makedirs(top)
    with open(os.path.join(top, "app.spec"), "w") as file:
        file.write(spec)
    for kind in ["w9.gzdio", "w7.xzdio", "w3.zstdio", "w9.bzdio"]:
        made = subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {top}", "--define", f"_binary_payload {kind}",
                               os.path.join(top, "app.spec")], capture_output=True)
        if made.returncode == 0:
            os.rename(os.path.join(top, "RPMS/noarch/app-1-1.noarch.rpm"), os.path.join(into, f"{kind[3:]}.rpm"))
            print(f"{kind[3:]}.rpm")
        else:
            sys.stderr.write(made.stderr.decode())
    run(["rm", "-r", top])
    # One file, compressed.
    with open(os.path.join(content, "etc/app/app.conf"), "rb") as file:
        single = file.read()
    for ending in ["gz", "bz2", "xz", "zst", "lz4"]:
        put(f"app.conf.{ending}", COMPRESSORS[ending](single))


def bombs(into):
    def put(name, data):
        with open(os.path.join(into, name), "wb") as file:
            file.write(data)

    zeros = bytes(1 << 20)

    def deflated(pieces, bits):
        packer = zlib.compressobj(9, zlib.DEFLATED, bits)
        return b"".join([packer.compress(zeros) for _ in range(pieces)] + [packer.flush()])

    put("zeros.gz", deflated(1500, 31))
    put("zeros.bz2", bz2.compress(zeros * 600))
    put("zeros.xz", lzma.compress(zeros * 400, preset=9))
    run(f"head -c 2G /dev/zero | zstd -q -19 --long=31 --ultra -o '{into}/zeros.zst'")
    run(f"head -c 1G /dev/zero | lz4 -q - '{into}/zeros.lz4'")
    # A dictionary of 4 GiB is asked for.
    small = bytearray(lzma.compress(b"a" * 100, check=lzma.CHECK_CRC32))
    length = (small[12] + 1) * 4
    small[16] = 40
    small[12 + length - 4:12 + length] = zlib.crc32(bytes(small[12:12 + length - 4])).to_bytes(4, "little")
    put("dictionary.xz", bytes(small))
    put("dictionary.lzma", b"\x5d\xff\xff\xff\xff" + b"\xff" * 8 + bytes(100))
    # A frame that wants a window of some TiB (RFC 8878, 3.1.1.1.2).
    put("window.zst", b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x02\x00\x00" * 50)
    # One member of 1 GiB of zeros, and a thousand names for it.
    data = deflated(1024, -15)
    crc = 0
    for _ in range(1024):
        crc = zlib.crc32(zeros, crc)
    def local(name):
        return (b"PK\3\4" + b"\x14\0\0\0\x08\0\0\0\0\0" + crc.to_bytes(4, "little") + len(data).to_bytes(4, "little") +
                (1 << 30).to_bytes(4, "little") + len(name).to_bytes(2, "little") + b"\0\0" + name)
    def central(name, at):
        return (b"PK\1\2" + b"\x14\0\x14\0\0\0\x08\0\0\0\0\0" + crc.to_bytes(4, "little") + len(data).to_bytes(4, "little") +
                (1 << 30).to_bytes(4, "little") + len(name).to_bytes(2, "little") + b"\0" * 12 + at.to_bytes(4, "little") + name)
    body = local(b"a") + data
    index = b"".join(central(b"a", 0) for _ in range(1000))
    end = b"PK\5\6" + b"\0" * 4 + (1000).to_bytes(2, "little") * 2 + len(index).to_bytes(4, "little") + len(body).to_bytes(4, "little") + b"\0\0"
    put("overlapping.zip", body + index + end)
    # A directory that says it has four thousand million entries.
    put("count.zip", b"PK\3\4" + bytes(26) + b"PK\5\6" + b"\0" * 4 + b"\xff\xff\xff\xff" + b"\xff" * 8 + b"\0\0")
    # Ever more files of nothing.
    header = tarfile.TarInfo("a").tobuf()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    many = header * 2000
    put("members.tar.gz", b"".join([packer.compress(many) for _ in range(600)] + [packer.flush()]))
    # Sizes that no file has.
    large = tarfile.TarInfo("large")
    large.size = 8 ** 11 - 1
    put("size.tar", large.tobuf(tarfile.GNU_FORMAT) + bytes(5000))
    large.size = (1 << 63) - 1
    put("huge.tar", large.tobuf(tarfile.GNU_FORMAT) + bytes(5000))
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = b"L", 1 << 33
    put("name.tar", name.tobuf(tarfile.GNU_FORMAT) + b"n" * 5_000_000)
    pax = tarfile.TarInfo("pax")
    pax.type, pax.size = b"x", 1 << 33
    put("pax.tar", pax.tobuf(tarfile.GNU_FORMAT) + b"9" * 5_000_000)
    put("name.cpio", b"070701" + b"0" * 40 + b"FFFFFFFF" * 2 + b"0" * 32 + b"FFFFFFFF" + b"0" * 8 + b"a" * 5000)
    put("fields.deb", b"!<arch>\n" + b"debian-binary   0           0     0     100644  9999999999`\n2.0\n" + b"a" * 5000)
    put("header.rpm", b"\xed\xab\xee\xdb\x03" + bytes(91) + (b"\x8e\xad\xe8\x01" + bytes(4) + b"\xff" * 8) * 2 + bytes(5000))
    # Archives in archives, deeper than anybody looks.
    inner = b"password = hunter22\n"
    for _ in range(200):
        into_ = io.BytesIO()
        with tarfile.open(fileobj=into_, mode="w:gz") as archive:
            info = tarfile.TarInfo("in.tar.gz")
            info.size = len(inner)
            archive.addfile(info, io.BytesIO(inner))
        inner = into_.getvalue()
    put("nested.tar.gz", inner)
    wrapped = b"password = hunter22\n" * 100
    for _ in range(200):
        wrapped = gzip.compress(wrapped)
    put("nested.gz", wrapped)
    # Thousands of streams, each of nothing.
    put("empty-streams.gz", gzip.compress(b"") * 200_000)
    put("empty-frames.zst", b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00" * 400_000)
    put("skipped-frames.zst", b"\x50\x2a\x4d\x18\0\0\0\0" * 400_000)
    put("empty-frames.lz4", b"\x04\x22\x4d\x18\x60\x40\x82\0\0\0\0" * 400_000)
    put("empty-streams.bz2", b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0" * 300_000)
    put("empty-streams.xz", lzma.compress(b"") * 100_000)


if sys.argv[1] == "--bombs":
    bombs(sys.argv[2])
else:
    honest(sys.argv[1], sys.argv[2])
