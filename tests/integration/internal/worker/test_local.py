"""A job on this machine, without a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import gevent
import pytest

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import InvalidError, NotFoundError
from pikoci.internal.domain.events import BuildEvent, BuildFinished, LogWritten
from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.domain.plan import GetStep, Hook, Hooks, JobPlan, PipelineSpec, PutStep, Resource, ResourceType
from pikoci.internal.domain.secret_text import SecretReference, compose
from pikoci.internal.worker.local import LocalRun
from pikoci.internal.worker.process import Spawner
from tests.unit.internal.worker.bench_room import settings_for, sh, task, wait_until

FEED = ResourceType(name="feed", check=sh("""echo '[{"ref":"5"}]'"""), pull=sh('echo "$version_ref" > ref'))
BROKEN = ResourceType(name="broken", check=sh("echo oops; exit 2"))
RESOURCES = [
    Resource(type="feed", name="news"),
    Resource(type="broken", name="x"),
    Resource(type="artifact", name="files"),
    Resource(type="git", name="repo", params={"url": "https://nowhere.invalid/x"}),
    Resource(type="git", name="locked", params={"url": compose([SecretReference("token")])}),
]

Make = Callable[..., LocalRun]


class Shown:
    def __init__(self) -> None:
        self.events: list[BuildEvent] = []

    @property
    def log(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, LogWritten))


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def make(tmp_path: Path, shown: Shown) -> Make:
    def made(
        steps: Sequence[object], directories: dict[str, Path] | None = None, job: str = "unit", **plan: object
    ) -> LocalRun:
        settings = settings_for(tmp_path, spool_dir=tmp_path / "work")
        plan_of_job = JobPlan(name="unit", steps=list(steps), **plan)  # type: ignore[arg-type] # as the test gives them
        spec = PipelineSpec(jobs=[plan_of_job], resources=RESOURCES, resource_types=[FEED, BROKEN])
        build = BuildInfo(id=1, number="1", job="unit", pipeline="p", team="local")
        return LocalRun(
            spec,
            job,
            build,
            directories or {},
            Spawner("local-test"),
            settings,
            SystemClock(),
            Random(1),
            shown.events.append,
        )

    return made


def get(name: str, resource: str) -> GetStep:
    return GetStep(id="1", name=name, resource=resource)


def test_gets_take_the_newest_version(make: Make, shown: Shown, tmp_path: Path) -> None:
    end = make([get("news", "feed.news"), task("cat ref; echo $GET_NEWS_REF", id="2")]).run()
    assert end.status == "succeeded"
    assert shown.log == b"5\n5\n"
    assert shown.events[-1] == end
    assert not (tmp_path / "work").exists()


def test_a_directory_stands_for_a_resource(make: Make, shown: Shown, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "a").write_text("hello\n")
    steps = [get("repo", "git.repo"), task("cat repo/sub/a; echo changed > repo/sub/a", id="2")]
    assert make(steps, {"git.repo": source}).run().status == "succeeded"
    assert shown.log == b"hello\n"
    assert (source / "sub" / "a").read_text() == "hello\n"


def test_a_directory_needs_no_secret_of_the_resource(make: Make, tmp_path: Path) -> None:
    steps = [get("locked", "git.locked"), task("ls locked/sub", id="2")]
    (tmp_path / "source" / "sub").mkdir(parents=True)
    assert make(steps, {"git.locked": tmp_path / "source"}).run().reason == ""
    assert "does not say where to read var.token" in make(steps).run().reason


def test_a_put_to_a_directory_publishes_nothing(make: Make, shown: Shown, tmp_path: Path) -> None:
    put = PutStep(id="1", name="repo", resource="git.repo")
    assert make([put], {"git.repo": tmp_path}).run().status == "succeeded"
    assert b"nothing is published" in shown.log


def test_artifacts_stay_here(make: Make, shown: Shown) -> None:
    put = PutStep(id="2", name="files", resource="artifact.files", params={"dir": "out"})
    assert make([task("mkdir out; echo a > out/a"), put]).run().status == "succeeded"
    assert b"stored out as" in shown.log


def test_a_failing_check_ends_the_run(make: Make, shown: Shown) -> None:
    end = make([get("x", "broken.x"), task("true", id="2")]).run()
    assert end.status == "failed"
    assert end.reason == 'get "x": the check failed: exit status 2'
    assert shown.events == [end]


def test_cancelling_runs_hooks_and_cancelling_again_does_not(make: Make, shown: Shown) -> None:
    hooks = Hooks(on_cancel=[Hook(id="on_cancel/1", command=sh("echo hook; sleep 60"))])
    run = make([task("echo up; sleep 60")], hooks=hooks)
    ended = gevent.spawn(run.run)
    wait_until(lambda: b"up" in shown.log)
    run.cancel("interrupted")
    wait_until(lambda: b"hook" in shown.log)
    run.cancel("interrupted")
    last = ended.get(timeout=30)
    assert isinstance(last, BuildFinished)
    assert (last.status, last.reason) == ("cancelled", "interrupted")


def test_what_is_not_there_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match='no job "deploy"'):
        make([], job="deploy")
    with pytest.raises(InvalidError, match=r'no resource "git\.repos"'):
        make([], {"git.repos": tmp_path})
    with pytest.raises(InvalidError, match="is not a directory"):
        make([], {"git.repo": tmp_path / "none"})
