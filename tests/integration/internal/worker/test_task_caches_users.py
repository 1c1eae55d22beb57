"""Caches of tasks whose builds run as users of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.plan import TaskStep
from pikoci.internal.worker.steps import caches
from pikoci.internal.worker.tools import task_cache
from pikoci.internal.worker.users import BuildUser
from tests.integration.internal.worker.user_room import USERS, passable_directory, spawn_apart, user_room
from tests.unit.internal.worker.bench_room import task, wait_until
from tests.unit.internal.worker.fake_gateway import Record

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

FIRST, SECOND = USERS[:1], USERS[1:2]
LOOK = "mkdir -p kept; cd kept; find . -printf '%P %U %m\\n' | sort; "


@pytest.fixture
def root() -> Generator[Path]:
    with passable_directory() as path:
        yield path


def run(root: Path, users: Sequence[BuildUser], script: str, *paths: str) -> Record:
    """A build by a worker that has these users."""
    with user_room(root, users) as room:
        return room.run_job(caching(script, *paths))


def caching(script: str, *paths: str) -> TaskStep:
    return task(script, caches=list(paths or ["kept"]))


def lines(record: Record) -> list[str]:
    assert record.end.status == "succeeded", record.log()
    return record.log().decode().splitlines()


def test_the_same_user_has_it_untouched(root: Path) -> None:
    run(root, FIRST, f"{LOOK} touch x; stat -c %z . x > ../times")
    [content] = (root / "work" / "cache" / "tasks").glob("*/content")
    before = (content / "x").stat().st_ctime_ns
    assert lines(run(root, FIRST, LOOK))[1:] == [f" {USERS[0].uid} 755", f"x {USERS[0].uid} 644"]
    assert (content / "x").stat().st_ctime_ns == before


def test_a_cache_in_the_home_comes_back_there(root: Path) -> None:
    script = "mkdir -p ~/.cache/go; ls -A ~/.cache/go; touch ~/.cache/go/x; stat -c %U:%a ~ ~/.cache"
    assert lines(run(root, FIRST, script, "~/.cache/go"))[0] == "cache ~/.cache/go: empty"
    assert lines(run(root, FIRST, script, "~/.cache/go"))[1:] == ["x", "UNKNOWN:700", "UNKNOWN:755"]


def test_another_user_is_given_all_of_it(root: Path) -> None:
    outside = root / "outside"
    outside.touch()
    run(
        root,
        FIRST,
        f"mkdir -p kept/closed; cd kept; cp /bin/true suid; chmod 4755 suid; ln -s {outside} link; mkfifo fifo;"
        " touch closed/x; chmod 0 closed; ln suid hard",
    )
    uid = USERS[1].uid
    shown = lines(run(root, SECOND, f"{LOOK} chmod 700 closed; ls closed; rm -r closed"))[1:]
    assert [line for line in shown if not line.startswith("find: ")] == [
        f" {uid} 755",
        f"closed {uid} 0",
        f"fifo {uid} 644",
        f"hard {uid} 755",
        f"link {uid} 777",
        f"suid {uid} 755",
        "x",
    ]
    assert outside.stat().st_uid == 0


@pytest.mark.parametrize("obstacle", ["a mount", "depth"])
def test_what_cannot_be_given_is_gone(root: Path, obstacle: str) -> None:
    levels = 70 if obstacle == "depth" else 2
    run(root, FIRST, f"mkdir kept; cd kept; touch x; for n in $(seq {levels}); do mkdir d; cd d; done")
    [content] = (root / "work" / "cache" / "tasks").glob("*/content")
    if obstacle == "a mount":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", content / "d"], check=True)
    try:
        assert lines(run(root, SECOND, LOOK)) == ["cache kept: empty", f" {USERS[1].uid} 755"]
    finally:
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in (mount for mount in mounts if mount.startswith(f"{root}/")):
            subprocess.run(["umount", mount], check=True)


def test_nobody_else_gets_at_what_is_kept(root: Path) -> None:
    run(root, FIRST, "mkdir kept; echo secret > kept/x; chmod -R 777 kept")
    script = f"set +e; cat {root}/work/cache/tasks/*/content/x; ls {root}/work/cache/tasks {root}/work/cache; true"
    with user_room(root, FIRST) as room:
        record = room.run_job(task(script))
    assert b"secret" not in record.log()
    assert record.log().count(b"Permission denied") == 3
    [cache] = [path for path in (root / "work" / "cache" / "tasks").iterdir() if path.is_dir()]
    assert [(path.stat().st_uid, path.stat().st_mode & 0o777) for path in (cache, cache.parent)] == [(0, 0o700)] * 2


def test_nothing_of_the_build_runs_when_its_cache_is_put_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive, keep = [], task_cache.keep

    def look(*arguments: Any) -> None:
        alive.append(Path(f"/proc/{stray}/cwd").exists())
        keep(*arguments)

    monkeypatch.setattr(caches, "keep", look)
    with user_room(root, FIRST) as room:
        record = room.submit(caching(f"mkdir kept; echo up; while [ ! -e {root}/go ]; do sleep 0.02; done"))
        wait_until(lambda: b"up" in record.log())
        stray = spawn_apart(str(USERS[0].uid))
        assert Path(f"/proc/{stray}/cwd").exists()
        (root / "go").touch()
        wait_until(lambda: record.ended)
    assert alive == [False]


def test_a_directory_that_somebody_else_made_is_not_kept(root: Path) -> None:
    with user_room(root, FIRST) as room:
        record = room.submit(caching(f"echo up; while [ ! -e {root}/go ]; do sleep 0.02; done"))
        wait_until(lambda: b"up" in record.log())
        (room.settings.workdir / "builds" / "1-1" / "work" / "kept").mkdir()
        (root / "go").touch()
        wait_until(lambda: record.ended)
    assert record.log().endswith(b"cache kept: not kept: it does not belong to the build\n")
