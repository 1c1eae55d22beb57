"""Where the files of a tar archive lie in it, without reading what they hold."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping

import gevent

from pikoci.internal.worker.resources.section import Section

_BLOCK = 512
_MOST_MEMBERS = 20_000
_MOST_HEADER = 64 * 1024  # of a long name, or of PAX records
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_TURN = 100  # members after which others have their turn


class ArchiveError(ValueError):
    """It is no archive of an image; the text is one sentence for people."""


def members_of(file: int, size: int) -> dict[str, Section | str]:
    """The plain files of an archive of so many bytes by name, and links by where they lead. Of two, the last counts.

    Raises ArchiveError.
    """
    head = os.pread(file, 8, 0)
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise ArchiveError(f"it is compressed ({name}); give it as it was before that")
    found: dict[str, Section | str] = {}
    for name, target, section in _members(file, size):
        found[posixpath.normpath(name)] = section if target is None else target
    return found


def _members(file: int, size: int) -> Iterator[tuple[str, str | None, Section]]:
    """Name, where it leads if it is a link, and content of each file and link."""
    told: dict[str, bytes] = {}  # by headers for the next member
    for kind, header, section in _headers(file, size, told):
        if kind in b"xgLK":
            told.update(_records(kind, section))
            continue
        name = (told.get("path") or _name(header)).decode("utf-8", "replace")
        target = (told.get("linkpath") or _text(header[157:257])).decode("utf-8", "replace")
        told.clear()
        if kind in b"0\0007":
            yield name, None, section
        elif kind == b"1":  # from the top of the archive
            yield name, posixpath.relpath(target, posixpath.dirname(name) or "."), section
        elif kind == b"2":
            yield name, target, section


def _headers(file: int, size: int, told: Mapping[str, bytes]) -> Iterator[tuple[bytes, bytes, Section]]:
    """Each header with its kind and what follows it."""
    at = number = 0
    while at + _BLOCK <= size:
        header = os.pread(file, _BLOCK, at)
        if not header.strip(b"\0"):
            return
        if len(header) < _BLOCK or not _is_header(header):
            raise ArchiveError("it is no tar archive, or a damaged one")
        if number >= _MOST_MEMBERS:
            raise ArchiveError(f"it has more than {_MOST_MEMBERS} members")
        if number % _TURN == 0:
            gevent.sleep(0)
        number += 1
        kind = header[156:157]
        length = _number(told["size"]) if "size" in told and kind not in b"xgLK" else _octal(header[124:136])
        start, at = at + _BLOCK, at + _BLOCK + -(-length // _BLOCK) * _BLOCK
        if start + length > size:
            raise ArchiveError("it ends before its last file does")
        yield kind, header, Section(file, start, length)


def _records(kind: bytes, section: Section) -> dict[str, bytes]:
    """What a header for the next member says: GNU's long names, or PAX records."""
    if section.size > _MOST_HEADER:
        raise ArchiveError("it has a header that is too large")
    data = section.all()
    if kind in b"LK":
        return {"path" if kind == b"L" else "linkpath": data.rstrip(b"\0")}
    if kind == b"g":
        return {}  # for all members: nothing that a file needs
    found, at = {}, 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        end = at + _number(data[at:space]) if space > at else 0
        if not space < end <= len(data):
            raise ArchiveError("it has a damaged header")
        key, _, value = data[space + 1 : end - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value
        at = end
    return found


def _is_header(header: bytes) -> bool:
    """Whether the checksum is right."""
    return _octal(header[148:156]) == sum(header[:148]) + 8 * 32 + sum(header[156:])


def _octal(field: bytes) -> int:
    """A number: octal digits, or binary where the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") & ((1 << 63) - 1)
    digits = field.strip(b" \0")
    if digits and not all(0x30 <= digit < 0x38 for digit in digits):
        raise ArchiveError("it is no tar archive, or a damaged one")
    return int(digits or b"0", 8)


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 18:
        raise ArchiveError("it has a damaged header")
    return int(digits)


def _name(header: bytes) -> bytes:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
