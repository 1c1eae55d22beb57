"""The audit log as lines of JSON: appended, begun anew after a rotation, and never in anybody's way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.errors import InvalidError
from pikoci.server.audit_lines import AuditLines

ENTRY = AuditEntry(id=7, at=1.5, action="pipeline.set", actor="bob", object="main/app", team="main")


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_entry_is_a_line_as_the_api_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"id":1}\n')
    lines = AuditLines(str(path))
    lines(ENTRY)
    lines.close()
    first, second = read(path)
    assert first == {"id": 1}
    assert second == {
        "id": 7,
        "at": "1970-01-01T00:00:01.500000Z",
        "actor": "bob",
        "token": "",
        "action": "pipeline.set",
        "object": "main/app",
        "team": "main",
        "address": "",
        "outcome": "done",
        "detail": {},
        "count": 1,
    }


def test_only_the_owner_and_the_group_may_read_it(tmp_path: Path) -> None:
    AuditLines(str(tmp_path / "audit.jsonl")).close()
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o027 == 0


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path, old = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    lines = AuditLines(str(path))
    lines(ENTRY)
    path.rename(old)
    lines(ENTRY)
    lines(ENTRY)
    lines.close()
    assert (len(read(old)), len(read(path))) == (1, 2)


def test_a_file_that_was_copied_and_cut_goes_on_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = AuditLines(str(path))
    lines(ENTRY)
    os.truncate(path, 0)
    lines(ENTRY)
    lines.close()
    assert len(read(path)) == 1
    assert b"\0" not in path.read_bytes()


def test_a_full_disk_is_logged_once_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "audit.jsonl"
    path.symlink_to("/dev/full")
    lines = AuditLines(str(path))
    lines(ENTRY)
    lines(ENTRY)
    assert caplog.text.count("cannot write to --audit-log") == 1
    path.unlink()
    lines(ENTRY)
    lines.close()
    assert len(read(path)) == 1
    [again] = [one for one in caplog.records if "again" in one.message]
    assert vars(again)["lost"] == 2


def test_a_pipe_that_nobody_empties_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "audit.pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        lines = AuditLines(str(path))
        while "cannot write" not in caplog.text:
            lines(ENTRY)
        taken = os.read(reader, 1 << 20)
        lines(ENTRY)
        rest = taken + os.read(reader, 1 << 20)
        lines.close()
    finally:
        os.close(reader)
    assert rest.endswith(b"\n")
    assert all(json.loads(line)["id"] == 7 for line in rest.splitlines() if line.endswith(b"}"))


@pytest.mark.parametrize("target", ["missing/audit.jsonl", "."])
def test_what_cannot_be_opened_is_an_error_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidError, match="--audit-log"):
        AuditLines(target)


def test_a_dash_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    lines = AuditLines("-")
    lines(ENTRY)
    lines.close()
    assert json.loads(capfd.readouterr().out)["id"] == 7
