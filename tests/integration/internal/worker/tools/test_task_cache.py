"""A worker that is killed while it moves the cache of a task."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pikoci.internal.worker.home import WorkerHome
from tests.integration.internal.worker.tools import killed_in_caches
from tests.unit.internal.worker.bench_room import settings_for

OLD, NEW = 65_533, 65_534
MOST = 40  # changes of files


def make_cache(workdir: Path) -> None:
    content = workdir / "cache" / "tasks" / "a1" / "content"
    for path in (content / "in" / "deep", workdir / "builds" / "1-1", workdir / "removed"):
        path.mkdir(parents=True)
    (content / "x").touch()
    for path in (content, *content.rglob("*")):
        os.chown(path, OLD, OLD)


def found(workdir: Path) -> tuple[list[str], set[int]]:
    """What lies anywhere below the work directory, and whose it is."""
    content = workdir / "cache" / "tasks" / "a1" / "content"
    everything = [path for path in workdir.rglob("*") if path.name in {"content", "x", "in", "deep", "moving", "kept"}]
    strays = [path for path in everything if path != content and content not in path.parents]
    assert strays == []
    return sorted(path.name for path in everything), {path.stat().st_uid for path in everything}


def test_a_cache_is_where_it_was_or_gone_whenever_the_worker_is_killed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    rooms = [settings_for(tmp_path / str(number)) for number in range(1, MOST + 1)]
    for settings in rooms:
        make_cache(settings.workdir)
    argv = [sys.executable, "-m", killed_in_caches.__name__, str(NEW), *(str(one.workdir) for one in rooms)]
    subprocess.run(argv, check=True, timeout=120)
    seen = []
    for settings in rooms:
        with WorkerHome(settings):
            names, owners = found(settings.workdir)
        seen.append((*names, *owners))
        if (settings.workdir / "done").exists():
            break
    whole = ("content", "deep", "in", "x")
    assert set(seen) == {(*whole, OLD), (), (*whole, NEW), ("content", 0)}
    assert (seen[0], seen[-1]) == ((*whole, OLD), (*whole, NEW))
    assert 8 < len(seen) < MOST
