"""Unpacking archives that may come from anywhere."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.artifact.unpack import main

Add = Callable[[tarfile.TarFile], None]


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> Add:
    """Add a file with its name as content, a link or something else."""

    def add(tar: tarfile.TarFile) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.mode = kind, link, mode
        content = name.encode() if kind == tarfile.REGTYPE else b""
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))

    return add


def unpack(folder: Path, *members: Add) -> int:
    """Make an archive and unpack it into `folder/in`."""
    with tarfile.open(folder / "archive.tar.gz", "w:gz") as tar:
        for add in members:
            add(tar)
    return main(str(folder / "archive.tar.gz"), str(folder / "in"))


def test_files_directories_and_links_come_out_as_they_were_packed(tmp_path: Path) -> None:
    program = member("./bin/tool", mode=0o4777)
    links = member("bin/soft", tarfile.SYMTYPE, "tool"), member("hard", tarfile.LNKTYPE, "./bin/tool", 0o755)
    assert unpack(tmp_path, member("./bin", tarfile.DIRTYPE, mode=0o755), program, *links, member("/plain")) == 0

    tool, plain = tmp_path / "in" / "bin" / "tool", tmp_path / "in" / "plain"
    assert (tool.read_text(), tool.stat().st_mode & 0o7777) == ("./bin/tool", 0o755)
    assert (plain.stat().st_mode & 0o7777) == 0o644
    assert (tmp_path / "in" / "bin" / "soft").readlink() == Path("tool")
    assert (tmp_path / "in" / "hard").samefile(tool)


@pytest.mark.parametrize("link", ["/usr/bin/python3", "..", "../../up", "nowhere", "."])
def test_links_are_kept_wherever_they_lead(tmp_path: Path, link: str) -> None:
    assert unpack(tmp_path, member("venv/bin/link", tarfile.SYMTYPE, link), member("after")) == 0
    assert (tmp_path / "in" / "venv" / "bin" / "link").readlink() == Path(link)
    assert (tmp_path / "in" / "after").exists()


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("deep/../../out")],
        [member("link", tarfile.LNKTYPE, "../archive.tar.gz")],
        [member("link", tarfile.LNKTYPE, ".")],
        [member("up", tarfile.SYMTYPE, ".."), member("up/out")],
        [member("up", tarfile.SYMTYPE, ".."), member("up", tarfile.DIRTYPE)],
        [member("up", tarfile.SYMTYPE, ".."), member("hard", tarfile.LNKTYPE, "up/archive.tar.gz")],
        [member("here", tarfile.SYMTYPE, "."), member("here/link", tarfile.SYMTYPE, "../x")],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("device", tarfile.CHRTYPE)],
    ],
)
def test_what_would_land_outside_or_is_no_file_is_refused(
    tmp_path: Path, members: list[Add], capsys: pytest.CaptureFixture[str]
) -> None:
    assert unpack(tmp_path, *members) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith(("'", '"'))
    assert {path.name for path in tmp_path.iterdir()} == {"archive.tar.gz", "in"}


def test_a_file_that_takes_the_place_of_a_link_is_not_written_through_it(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("kept")
    links = member("soft", tarfile.SYMTYPE, "../out"), member("hard", tarfile.LNKTYPE, "soft")
    assert unpack(tmp_path, *links, member("soft"), member("hard")) == 0
    assert (tmp_path / "out").read_text() == "kept"
    assert (tmp_path / "in" / "soft").read_text() == "soft"
    assert not (tmp_path / "in" / "hard").is_symlink()


def test_links_that_lie_in_the_directory_already_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sub").symlink_to("../out")
    assert unpack(tmp_path, member("sub/file")) == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_files_keep_their_permissions_but_not_their_power(tmp_path: Path) -> None:
    modes = {"setuid": 0o6755, "private": 0o600, "open": 0o666, "none": 0}
    assert unpack(tmp_path, *[member(name, mode=mode) for name, mode in modes.items()]) == 0
    found = {name: (tmp_path / "in" / name).stat().st_mode & 0o7777 for name in modes}
    assert found == {"setuid": 0o755, "private": 0o600, "open": 0o644, "none": 0o600}


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"no archive")
    assert main(str(tmp_path / "archive"), str(tmp_path)) == 1
