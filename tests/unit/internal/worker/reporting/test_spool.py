"""What is on disk survives, also when it was cut short."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.events import BuildEvent, LogWritten
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.reporting.spool import SpoolFile, find_spools

REF = ClaimRef(id=7, claim=2)


def log(text: str) -> BuildEvent:
    return LogWritten(step="1", at=1.0, data=text.encode())


@pytest.fixture
def spool(tmp_path: Path) -> Generator[SpoolFile]:
    found = SpoolFile(tmp_path, REF)
    yield found
    found.close()


def test_what_was_appended_is_read_back(spool: SpoolFile) -> None:
    spool.append(3, [log("a"), log("b")])
    spool.append(5, [log("c")])
    spool.sync()
    assert list(spool.read()) == [(3, log("a")), (4, log("b")), (5, log("c"))]


def test_a_record_cut_short_ends_the_file(spool: SpoolFile, tmp_path: Path) -> None:
    spool.append(1, [log("a"), log("b")])
    spool.close()
    path = tmp_path / "7-2.spool"
    whole = path.read_bytes()
    for size in range(len(whole) // 2, len(whole)):
        path.write_bytes(whole[:size])
        assert list(spool.read()) == [(1, log("a"))]


def test_garbage_ends_the_file(tmp_path: Path) -> None:
    (tmp_path / "7-2.spool").write_bytes(b"\0\0\0\x04oops")
    assert list(SpoolFile(tmp_path, REF).read()) == []


def test_spools_of_an_earlier_run_are_found_in_order(tmp_path: Path) -> None:
    for name in ("10-1.spool", "9-3.spool", "9-2.spool", "x-1.spool", "lock", "1-.spool"):
        (tmp_path / name).touch()
    assert [(spool.ref.id, spool.ref.claim) for spool in find_spools(tmp_path)] == [(9, 2), (9, 3), (10, 1)]


def test_a_removed_spool_is_empty_and_gone(spool: SpoolFile, tmp_path: Path) -> None:
    spool.append(1, [log("a")])
    spool.remove()
    assert list(spool.read()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_spool_is_private(spool: SpoolFile, tmp_path: Path) -> None:
    spool.append(1, [log("a")])
    assert (tmp_path / "7-2.spool").stat().st_mode & 0o777 == 0o600


def test_a_failed_append_leaves_the_file_as_it_was(spool: SpoolFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(file: object, data: bytes) -> None:
        file.write(data[:5])  # type: ignore[attr-defined] # the open file
        raise OSError(28, "No space left on device")

    spool.append(1, [log("a")])
    with monkeypatch.context() as patched:
        patched.setattr("pikoci.internal.worker.reporting.spool._write_all", fill)
        with pytest.raises(OSError, match="No space"):
            spool.append(2, [log("b")])
    spool.append(2, [log("c")])
    assert list(spool.read()) == [(1, log("a")), (2, log("c"))]
