"""Caches of tasks: what one build leaves in them, the next one has, and nobody else."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.gateway import BuildInfo, WorkerCommand
from pikoci.internal.domain.plan import TaskStep
from pikoci.internal.worker.tools.task_cache import task_cache
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room

DAY = 86400.0
FILL = 'mkdir -p kept; ls -A kept; echo "$BUILD_ID" > kept/by-$BUILD_ID'


def caching(script: str = FILL, *paths: str, **more: Any) -> TaskStep:
    return task(script, caches=list(paths or ["kept"]), **more)


def build_of(job: str = "unit", pipeline: str = "app", team: str = "main") -> BuildInfo:
    return BuildInfo(id=9, number="1", job=job, pipeline=pipeline, team=team)


def place_of(room: Room, path: str = "kept", step: str = "t", **names: str) -> Path:
    return task_cache(room.settings.workdir / "cache", build_of(**names), step, path)


def kept(room: Room, path: str = "kept") -> list[str]:
    content = place_of(room, path) / "content"
    return sorted(path.name for path in content.iterdir()) if content.exists() else []


def test_the_next_build_has_what_this_one_left(room: Room) -> None:
    first, second = room.run_job(caching()), room.run_job(caching())
    assert (first.end.status, first.log()) == ("succeeded", b"cache kept: empty\n")
    assert second.log().split(b" ", 2)[0:2] == [b"cache", b"kept:"]
    assert second.log().endswith(b" old\nby-1\n") or second.log() == b"cache kept: new\nby-1\n"
    assert kept(room) == ["by-1", "by-2"]


def test_its_age_counts_from_the_end_of_the_build_that_left_it(room: Room) -> None:
    room.run_job(caching())
    for seconds, text in ((200, "3 minutes old"), (3700, "1 hour old"), (-5, "new")):
        then = place_of(room).stat().st_mtime - seconds
        os.utime(place_of(room), (then, then))
        assert room.run_job(caching()).log().startswith(f"cache kept: {text}\n".encode())


@pytest.mark.parametrize("other", [{"team": "x"}, {"pipeline": "x"}, {"job": "x"}])
def test_another_team_pipeline_or_job_has_its_own(room: Room, other: dict[str, str]) -> None:
    room.run_job(caching())
    assert room.run_job(caching(), build=build_of(**other)).log() == b"cache kept: empty\n"


def test_another_step_has_its_own_and_one_of_two_keeps_what_both_name(room: Room) -> None:
    room.run_job(caching(), caching(id="2", name="u"))
    assert kept(room) == ["by-1"]
    assert not place_of(room, step="u").exists()
    assert room.run_job(caching(name="u")).log() == b"cache kept: empty\n"


def test_later_steps_find_a_cache_in_place(room: Room) -> None:
    room.run_job(caching())
    assert room.run_job(caching("true"), task("ls kept", id="2")).log("2") == b"by-1\n"


def test_what_lies_deeper_gets_its_directories(room: Room) -> None:
    script = "mkdir -p a/b/c; ls a/b/c; echo > a/b/c/$BUILD_ID"
    logs = [room.run_job(caching(script, "a/b/c")).log() for _ in range(2)]
    assert logs[0] == b"cache a/b/c: empty\n"
    assert logs[1].endswith(b"\n1\n")


def test_a_build_that_did_not_succeed_keeps_nothing(room: Room) -> None:
    room.run_job(caching())
    record = room.run_job(caching(f"{FILL}; false"))
    assert record.log().endswith(b"by-1\ncache kept: not kept, as the build did not succeed\n")
    assert kept(room) == []
    assert room.run_job(caching(), task("false", id="2")).end.status == "failed"
    assert kept(room) == []


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_unless_it_is_to_be_kept_on_failure(room: Room, status: str) -> None:
    script = f"{FILL}; echo up; " + ("false" if status == "failed" else "sleep 60")
    record = room.submit(caching(script, cache_on_failure=True))
    if status == "cancelled":
        wait_until(lambda: b"up" in record.log())
        room.gateway.pushed.put(WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann"))
    wait_until(lambda: record.ended)
    assert record.end.status == status
    assert kept(room) == ["by-1"]


def test_a_second_attempt_goes_on_with_it(room: Room) -> None:
    record = room.run_job(caching(f"{FILL}; test -e again || {{ touch again; false; }}", attempts=2))
    assert record.end.status == "succeeded"
    assert record.log().count(b"cache kept:") == 1
    assert kept(room) == ["by-1"]


def test_of_two_builds_at_once_the_second_starts_empty_and_the_last_to_end_stays(tmp_path: Path) -> None:
    with worker_room(tmp_path, concurrency=2) as room:
        room.run_job(caching())
        wait = f"{FILL}; echo up; while [ ! -e {tmp_path}/go-$BUILD_ID ]; do sleep 0.02; done"
        builds = []
        for _ in range(2):
            builds.append(room.submit(caching(wait)))
            wait_until(lambda: b"up" in builds[-1].log())
        assert b"by-1" in builds[0].log()
        assert builds[1].log() == b"cache kept: empty\nup\n"
        for number in (2, 3):
            (tmp_path / f"go-{number}").touch()
            wait_until(partial(getattr, builds[number - 2], "ended"))
        assert kept(room) == ["by-3"]


@pytest.mark.parametrize(
    "before",
    ["mkdir kept; touch kept/x", "touch kept", "ln -s /etc kept", "ln -s nowhere kept", "mkfifo kept"],
)
def test_something_that_is_there_already_is_refused_from_the_first_build_on(room: Room, before: str) -> None:
    record = room.run_job(task(before, id="2", name="u"), caching())
    assert record.reason("1") == (
        "cache kept: something is there already; name a directory that no step before makes and no get fetches"
    )
    assert record.end.status == "failed"
    room.run_job(caching())
    assert room.run_job(task(before, id="2", name="u"), caching()).end.status == "failed"
    assert kept(room) == ["by-2"]


def test_an_empty_directory_is_not(room: Room) -> None:
    steps = (task("mkdir kept", id="2", name="u"), caching())
    room.run_job(*steps)
    record = room.run_job(*steps)
    assert record.log("1").endswith(b"by-1\n")


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("touch a", "Not a directory"),
        ("ln -s /tmp a", "its path leads out by a link"),
        ("ln -s ../../.. a", "its path leads out by a link"),
        ("ln -s a a", "Too many levels of symbolic links"),
    ],
)
def test_a_path_that_leads_nowhere_or_out_is_refused(room: Room, before: str, reason: str) -> None:
    record = room.run_job(task(before, id="2", name="u"), caching(FILL, "a/kept"))
    assert record.reason("1") == f"cache a/kept: {reason}"


def test_a_link_to_a_directory_of_the_build_is_followed(room: Room) -> None:
    steps = (
        task("mkdir b; ln -s b a", id="2", name="u"),
        caching("mkdir -p b/kept; ls b/kept; echo > b/kept/x", "a/kept"),
    )
    room.run_job(*steps)
    record = room.run_job(*steps)
    assert record.log("1").endswith(b"\nx\n")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", ", as there is no such directory at the end of the build"),
        ("touch kept", ": it is no directory any more"),
        ("ln -s /etc kept", ": it is no directory any more"),
    ],
)
def test_what_is_no_directory_in_the_end_is_not_kept(room: Room, script: str, reason: str) -> None:
    record = room.run_job(caching(script))
    assert record.end.status == "succeeded"
    assert record.log().decode().endswith(f"cache kept: not kept{reason}\n")
    assert kept(room) == []


def test_a_parent_that_became_a_link_out_keeps_nothing(room: Room, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    record = room.run_job(caching(f"rm -r a; ln -s {outside} a", "a/kept"))
    assert b"cache a/kept: not kept: " in record.log()
    assert (outside / "kept").is_dir()


def test_read_only_directories_come_back(room: Room) -> None:
    script = "test -e kept || mkdir -p kept/in; ls kept/in; chmod u+w kept/in; touch kept/in/x; chmod -R a-w kept"
    room.run_job(caching(script))
    assert room.run_job(caching(script)).log().endswith(b"\nx\n")


def test_without_users_for_builds_the_home_is_the_workers(room: Room, tmp_path: Path) -> None:
    (tmp_path / ".npm").mkdir()
    record = room.run_job(caching("echo $HOME", "~/.npm"))
    text = f"cache ~/.npm: in the home of the worker's own user, which builds share here\n{tmp_path}\n"
    assert record.log().decode() == text
    assert (tmp_path / ".npm").is_dir()


def test_one_that_is_not_used_for_long_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pikoci.internal.worker.tools.caches._SWEEP_SECONDS", 0.02)
    with worker_room(tmp_path) as room:
        room.run_job(caching())
        then = place_of(room).stat().st_mtime - 31 * DAY
        os.utime(place_of(room).with_suffix(".lock"), (then, then))
        wait_until(lambda: not place_of(room).exists())
        assert room.run_job(caching()).log() == b"cache kept: empty\n"


def test_a_build_that_is_given_back_keeps_nothing_and_a_restart_finds_what_was_kept(tmp_path: Path) -> None:
    with worker_room(tmp_path) as room:
        room.run_job(caching())
    with worker_room(tmp_path) as room:
        assert kept(room) == ["by-1"]
        record = room.submit(caching(f"{FILL}; echo up; sleep 60"))
        wait_until(lambda: b"up" in record.log())
        room.worker.drain(0.0)
        wait_until(lambda: record.ended)
        assert kept(room) == []


def test_a_cache_and_builds_on_different_disks_are_said_to_be(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    caches = tmp_path / "work" / "cache"
    caches.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", caches], check=True)
    try:
        with worker_room(tmp_path) as room:
            assert b"cache kept: not kept: Invalid cross-device link\n" in room.run_job(caching()).log()
            (place_of(room) / "content").mkdir()
            record = room.run_job(caching())
            text = b"cache kept: empty, as what is kept cannot be moved here: Invalid cross-device link\n"
            assert record.log().startswith(text)
            assert record.end.status == "succeeded"
    finally:
        subprocess.run(["umount", caches], check=True)
