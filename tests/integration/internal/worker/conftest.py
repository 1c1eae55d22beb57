"""A worker at work for each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.internal.worker.bench_room import Room, worker_room


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path) as found:
        yield found
    assert not list((tmp_path / "work" / "builds").glob("*"))
    assert not list((tmp_path / "work" / "removed").glob("*"))
    assert not list((tmp_path / "spool").glob("*.spool"))
