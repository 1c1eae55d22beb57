"""Unpacking archives that may come from anywhere, on every Python."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.artifact.unpack import main

Add = Callable[[tarfile.TarFile], None]


@pytest.fixture(params=["with the filter", "without"], autouse=True)
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python before 3.11.4 has no filter."""
    if request.param == "without":
        monkeypatch.delattr(tarfile, "data_filter")


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
    (folder / "in").mkdir()
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


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("deep/../../out")],
        [member("link", tarfile.SYMTYPE, "..")],
        [member("link", tarfile.SYMTYPE, "/etc")],
        [member("link", tarfile.LNKTYPE, "../archive.tar.gz")],
        [member("here", tarfile.SYMTYPE, "."), member("here/link", tarfile.SYMTYPE, "../x"), member("here/../../out")],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("device", tarfile.CHRTYPE)],
    ],
)
def test_what_would_land_outside_or_is_no_file_is_refused(
    tmp_path: Path, members: list[Add], capsys: pytest.CaptureFixture[str]
) -> None:
    assert unpack(tmp_path, *members) == 1

    assert capsys.readouterr().err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"archive.tar.gz", "in"}


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"no archive")
    assert main(str(tmp_path / "archive"), str(tmp_path)) == 1
