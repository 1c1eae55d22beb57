"""Archives of images that builds made: whole, broken and hostile."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.registry_image.archive import Image as Found
from pikoci.internal.worker.resources.registry_image.archive import read_image
from pikoci.internal.worker.resources.registry_image.members import ArchiveError, members_of
from tests.integration.internal.worker.resources.images import INDEX, Image, blob, digest_of, layout, packed, part

IMAGE = Image("one")


@contextmanager
def opened(data: bytes, folder: Path) -> Generator[tuple[int, int]]:
    path = folder / "archive.tar"
    path.write_bytes(data)
    file = os.open(path, os.O_RDONLY)
    try:
        yield file, len(data)
    finally:
        os.close(file)


def read(data: bytes, folder: Path) -> Found:
    with opened(data, folder) as (file, size):
        return read_image(file, size)


def refusal(data: bytes, folder: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        read(data, folder)
    return str(caught.value)


def test_a_layout_is_pushed_as_it_is(tmp_path: Path) -> None:
    found = read(packed(IMAGE.layout()), tmp_path)
    assert [digest for digest, *_ in found.manifests] == [IMAGE.digest]
    assert set(found.blobs) == {digest_of(IMAGE.layer), digest_of(IMAGE.config)}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_every_form_of_tar_is_read(tmp_path: Path, form: int) -> None:
    deep = "/".join(["d" * 30] * 4) + "/file"
    far = f"{'l' * 90}/{'x' * 60}" if form == tarfile.USTAR_FORMAT else "l" * 300
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form, pax_headers={"comment": "x"}) as tar:
        for name in (deep, far, "./ü"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
    with opened(data.getvalue(), tmp_path) as (file, size):
        members = members_of(file, size)
        assert set(members) == {deep, far, "ü"}
        for section in members.values():
            assert not isinstance(section, str)
            assert section.all() == b"abc"


def test_links_lead_to_members_only(tmp_path: Path) -> None:
    assert len(read(packed(IMAGE.saved()), tmp_path).blobs) == 2
    for target in ("/etc/passwd", "../../etc/passwd", "layer.tar", "../second/layer.tar"):
        files = IMAGE.saved()
        link = files["second/layer.tar"]
        assert isinstance(link, tarfile.TarInfo)
        link.linkname = target
        assert '"second/layer.tar" is missing in it' in refusal(packed(files), tmp_path)


def test_layers_are_pushed_as_what_they_are(tmp_path: Path) -> None:
    files = {
        "config.json": IMAGE.config,
        "a": b"\x1f\x8bgzip",
        "b": b"\x28\xb5\x2f\xfdzstd",
        "c": IMAGE.layer,
        "manifest.json": json.dumps([{"Config": "config.json", "Layers": ["a", "b", "c", "a"]}]).encode(),
    }
    [(_, _, manifest)] = read(packed(files), tmp_path).manifests
    kinds = [
        layer["mediaType"].removeprefix("application/vnd.oci.image.layer.v1.")
        for layer in json.loads(manifest)["layers"]
    ]
    assert kinds == ["tar+gzip", "tar+zstd", "tar", "tar+gzip"]


def without(name: str) -> dict[str, bytes | tarfile.TarInfo]:
    files = IMAGE.layout()
    del files[name]
    return files


def with_manifest(**changes: object) -> dict[str, bytes | tarfile.TarInfo]:
    manifest = json.dumps({**json.loads(IMAGE.manifest), **changes}).encode()
    return layout({"manifests": [part("", manifest)]}, IMAGE) | {blob(manifest): manifest}


def nested(depth: int) -> dict[str, bytes | tarfile.TarInfo]:
    inner, files = IMAGE.manifest, IMAGE.layout()
    for _ in range(depth):
        inner = json.dumps({"mediaType": INDEX, "manifests": [part("", inner)]}).encode()
        files[blob(inner)] = inner
    return {**files, "index.json": json.dumps({"manifests": [part(INDEX, inner)]}).encode()}


def cut(data: bytes) -> bytes:
    return data[: data.index(b"index.json") + 512 + 10]


def with_size(size: bytes) -> bytes:
    """An archive whose one header says another size."""
    data = bytearray(packed({"index.json": b"{}"}))
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def many_headers() -> bytes:
    header = packed({"": b""})[:512]
    return header * 20_001


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "neither index.json nor manifest.json"),
        (lambda: b"x" * 2000, "it is no tar archive, or a damaged one"),
        (lambda: b"\x1f\x8b" + bytes(2000), "it is compressed (gzip)"),
        (lambda: packed({"a": b""}), "neither index.json nor manifest.json"),
        (lambda: cut(packed(IMAGE.layout())), "it ends before its last file does"),
        (lambda: with_size(b"\xff" * 12), "it ends before its last file does"),
        (lambda: with_size(b"-1         \0"), "it is no tar archive, or a damaged one"),
        (many_headers, "it has more than 20000 members"),
        (lambda: packed(without(blob(IMAGE.layer))), f"the blob {digest_of(IMAGE.layer)} is missing"),
        (lambda: packed(without(blob(IMAGE.manifest))), f"the manifest {IMAGE.digest} is missing"),
        (lambda: packed(IMAGE.layout() | {blob(IMAGE.layer): b"x"}), "is missing, or has another size"),
        (lambda: packed(IMAGE.layout() | {blob(IMAGE.manifest): b"{}"}), "is missing, or is something else"),
        (lambda: packed(IMAGE.layout() | {"index.json": b"[]"}), "what should be a manifest is none"),
        (lambda: packed(IMAGE.layout() | {"index.json": bytes(5_000_000)}), '"index.json" has 5000000 bytes'),
        (lambda: packed(layout({"manifests": []}, IMAGE)), "it holds 0 images; a put pushes one"),
        (lambda: packed(with_manifest(config={"digest": "../x", "size": 1})), "without a sha256 digest and a size"),
        (lambda: packed(nested(4)), "its indexes lie too deep in one another"),
        (lambda: packed({"manifest.json": b"{"}), "its manifest.json cannot be read"),
        (lambda: packed({"manifest.json": b"[]"}), "it holds 0 images; a put pushes one"),
        (lambda: packed({"manifest.json": b'[{"Config":"/etc/passwd"}]'}), '"/etc/passwd" is missing in it'),
    ],
)
def test_what_is_no_image_says_why(tmp_path: Path, make: Callable[[], bytes], reason: str) -> None:
    assert reason in refusal(make(), tmp_path)


def test_a_header_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("x" * 70_000))
    assert refusal(data.getvalue(), tmp_path) == "it has a header that is too large"
