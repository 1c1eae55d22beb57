"""Caches below a work directory: who has them, and when they go."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import gevent
import msgspec
import pytest

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.plan import Resource, ResourceType
from pikoci.internal.worker.home import WorkerHome
from pikoci.internal.worker.tools import caches
from pikoci.internal.worker.tools.caches import CacheSweeper, in_use
from pikoci.internal.worker.tools.lifetime import Cause, CauseKind, Lifetime
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.removal import Remover
from pikoci.internal.worker.users import BuildUser
from tests.unit.internal.worker.bench_room import Room, settings_for, sh, wait_until, worker_room

DAY = 86400.0


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """One that is a month old."""
    made = tmp_path / "cache" / "git" / "a1"
    with in_use(made, Lifetime(), alone=True):
        (made / "HEAD").touch()
    grow_old(made, 31 * DAY)
    return made


def grow_old(cache: Path, seconds: float) -> None:
    then = SystemClock().now() - seconds
    os.utime(cache.with_suffix(".lock"), (then, then))


def sweep(root: Path, max_age: float = 30 * DAY) -> None:
    with closing(Remover(root / "removed")) as remover:
        CacheSweeper(root / "cache", max_age, remover, SystemClock()).sweep()


def test_a_cache_that_nobody_used_for_long_goes_with_its_lock_file(cache: Path, tmp_path: Path) -> None:
    sweep(tmp_path)
    assert list(cache.parent.iterdir()) == []
    assert list((tmp_path / "removed").iterdir()) == []


def test_one_that_was_used_since_stays(cache: Path, tmp_path: Path) -> None:
    with in_use(cache, Lifetime(), alone=True):
        pass
    sweep(tmp_path)
    assert (cache / "HEAD").exists()


def test_a_long_use_counts_from_its_end(cache: Path, tmp_path: Path) -> None:
    with in_use(cache, Lifetime(), alone=False):
        grow_old(cache, 31 * DAY)
    sweep(tmp_path)
    assert (cache / "HEAD").exists()


def test_one_in_use_stays(cache: Path, tmp_path: Path) -> None:
    with in_use(cache, Lifetime(), alone=False):
        grow_old(cache, 31 * DAY)
        sweep(tmp_path)
        assert (cache / "HEAD").exists()


def test_one_that_another_process_uses_stays(cache: Path, tmp_path: Path) -> None:
    command = ["flock", str(cache.with_suffix(".lock")), "sh", "-c", "echo locked; read end"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        sweep(tmp_path)
        assert (cache / "HEAD").exists()
        other.communicate("\n")
    sweep(tmp_path)
    assert not cache.exists()


def test_who_waited_for_a_cache_that_went_has_a_new_one_alone(cache: Path) -> None:
    with in_use(cache, Lifetime(), alone=True):
        waiting = in_use(cache, Lifetime(), alone=True)
        entering = gevent.spawn(waiting.__enter__)
        gevent.sleep(0.05)
        cache.with_suffix(".lock").unlink()  # as a sweep does it
    entering.get(timeout=30)
    lifetime = Lifetime()
    lifetime.limit(0.1, Cause(CauseKind.TIMEOUT, "timed out"))
    with pytest.raises(StepError, match="timed out"), in_use(cache, lifetime, alone=False):
        pass
    waiting.__exit__(None, None, None)


def test_a_worker_sweeps_now_and_then(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_SWEEP_SECONDS", 0.02)
    (tmp_path / "work").mkdir()
    (tmp_path / "cache").rename(tmp_path / "work" / "cache")
    here = tmp_path / "work" / "cache" / "git" / "a1"
    with worker_room(tmp_path, cache_max_age=32 * DAY):
        gevent.sleep(0.1)
        assert here.exists()
    with worker_room(tmp_path, cache_max_age=0.0):
        gevent.sleep(0.1)
        assert here.exists()
    with worker_room(tmp_path):
        wait_until(lambda: not here.exists())


def test_the_cache_of_a_custom_type_is_in_use_while_its_commands_run(room: Room) -> None:
    script = """ls -A "$CACHE_DIR" >&2; touch "$CACHE_DIR/x"
        flock --nonblock "$CACHE_DIR.lock" true || echo '[{"in": "use"}]'"""
    kind = msgspec.structs.replace(ResourceType(name="feed"), check=sh(script))
    assert room.check(Resource(type="feed", name="news", cache=True), kind).versions == [{"in": "use"}]
    [lock] = (room.settings.workdir / "cache" / "resources").glob("*.lock")
    subprocess.run(["flock", "--nonblock", str(lock), "true"], check=True)


NOBODY = BuildUser(name="nobody", uid=65534, gid=65534)


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("build users need root here")


@pytest.mark.usefixtures("as_root")
def test_a_build_user_is_let_through_the_gate_only_while_it_has_the_cache(tmp_path: Path) -> None:
    gate = tmp_path / "cache" / "git" / "a1-65534"
    with in_use(tmp_path / "cache" / "git" / "a1", Lifetime(), alone=False, user=NOBODY) as content:
        assert content == gate / "content"
        assert [(path.stat().st_uid, path.stat().st_mode & 0o777) for path in (gate, content)] == [(65534, 0o700)] * 2
        assert gate.parent.stat().st_mode & 0o777 == 0o711
        (content / "kept").touch()
        gate.chmod(0o777)  # as the user can
    assert (gate.stat().st_uid, gate.stat().st_mode & 0o777) == (0, 0o700)
    with in_use(tmp_path / "cache" / "git" / "a1", Lifetime(), alone=True, user=NOBODY) as content:
        assert (content / "kept").exists()


@pytest.mark.usefixtures("as_root")
def test_each_build_user_has_a_cache_of_its_own(tmp_path: Path) -> None:
    other = BuildUser(name="other", uid=65533, gid=65533)
    with in_use(tmp_path / "cache" / "git" / "a1", Lifetime(), alone=True, user=NOBODY) as first:
        (first / "file").touch()
    with in_use(tmp_path / "cache" / "git" / "a1", Lifetime(), alone=True, user=other) as second:
        assert list(second.iterdir()) == []


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("what", ["a link", "another user's"])
def test_content_that_is_not_the_users_is_thrown_away(tmp_path: Path, what: str) -> None:
    cache, victim = tmp_path / "cache" / "git" / "a1", tmp_path / "victim"
    victim.mkdir()
    with in_use(cache, Lifetime(), alone=True, user=NOBODY) as content:
        content.rmdir()
        if what == "a link":
            content.symlink_to(victim)
        else:
            (content / "file").mkdir(parents=True)
    with in_use(cache, Lifetime(), alone=True, user=NOBODY) as content:
        assert (content.is_symlink(), content.lstat().st_uid, list(content.iterdir())) == (False, 65534, [])
    assert (victim.is_dir(), victim.stat().st_uid) == (True, 0)


@pytest.mark.usefixtures("as_root")
def test_a_gate_that_a_killed_worker_left_open_is_closed_at_the_next_start(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    gate = settings.workdir / "cache" / "git" / "a1-65534"
    gate.mkdir(parents=True)
    os.chown(gate, 65534, 65534)
    gate.chmod(0o777)
    with WorkerHome(settings):
        assert (gate.stat().st_uid, gate.stat().st_mode & 0o777) == (0, 0o700)
