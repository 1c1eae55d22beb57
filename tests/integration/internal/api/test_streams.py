"""Events and logs of builds that still run, over a real socket."""

import json
from collections.abc import Iterator
from typing import Any

import gevent
import httpx
import pytest

from pikoci.internal.api import ApiSettings
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.events import BuildFinished, LogWritten
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.api.live import Live, wait_until
from tests.unit.internal.api.scene import PIPELINE, make_scene, with_pipeline

BUILD = f"{PIPELINE}/jobs/free/builds/1"


class Reader:
    """Collects a build's events in a greenlet of its own."""

    def __init__(self, live: Live, last: str | None = None) -> None:
        self.events: list[tuple[str, Any]] = []
        self.comments = 0
        self._headers = {"Authorization": f"Bearer {live.scene.token}", **({"Last-Event-ID": last} if last else {})}
        self._url = f"{live.url}{BUILD}/events"
        self.greenlet = gevent.spawn(self._read)

    def _read(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=20) as response:
            assert response.status_code == 200
            kind = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    kind = value
                elif field == "data":
                    self.events.append((kind, json.loads(value)))
                elif line.startswith(":"):
                    self.comments += 1

    def log(self) -> str:
        return "".join(data["text"] for kind, data in self.events if kind == "log")

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


@pytest.fixture
def running(live: Live) -> tuple[Live, int, int]:
    build = live.scene.trigger()
    return live, build, live.scene.claim(build)


@pytest.fixture
def woken() -> Iterator[tuple[Live, int, int]]:
    """As `running`, but readers look only when they are woken."""
    scene = with_pipeline(make_scene(services=ServiceSettings(follow_poll=3600.0)))
    live = Live(scene)
    live.start()
    build = scene.trigger()
    yield live, build, scene.claim(build)
    live.stop()
    scene.services.context.store.close()


def test_events_arrive_as_they_happen(woken: tuple[Live, int, int]) -> None:
    live, build, claim = woken
    reader = Reader(live)
    wait_until(lambda: "status" in reader.kinds())
    live.scene.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"one\n"))
    wait_until(lambda: reader.log() == "one\n")
    live.scene.report(build, claim, 2, LogWritten(step="1", at=1.0, data=b"two\n"))
    wait_until(lambda: reader.log() == "one\ntwo\n")
    live.scene.report(build, claim, 3, BuildFinished(status=BuildStatus.SUCCEEDED, at=2.0))
    reader.greenlet.get(timeout=30)
    assert reader.events[-1][0] == "end"
    assert reader.events[-1][1]["status"] == "succeeded"


def test_a_quiet_stream_is_kept_alive(running: tuple[Live, int, int]) -> None:
    reader = Reader(running[0])
    wait_until(lambda: reader.comments >= 2)
    reader.greenlet.kill()


def test_a_reader_goes_on_where_it_stopped(running: tuple[Live, int, int]) -> None:
    live, build, claim = running
    live.scene.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"0123456789"))
    reader = Reader(live, last="7")
    wait_until(lambda: reader.log() == "789")
    reader.greenlet.kill()


def test_streams_end_at_once_when_the_server_does(woken: tuple[Live, int, int]) -> None:
    live, _, _ = woken
    readers = [Reader(live) for _ in range(5)]
    wait_until(lambda: all("status" in reader.kinds() for reader in readers))
    live.scene.services.context.bus.close()
    for reader in readers:
        reader.greenlet.get(timeout=30)
    assert all("end" not in reader.kinds() for reader in readers)


def test_a_stream_of_a_deleted_build_ends_without_an_error(running: tuple[Live, int, int]) -> None:
    live, _, _ = running
    reader = Reader(live)
    wait_until(lambda: "status" in reader.kinds())
    assert live.scene.call("DELETE", "").status_code == 204
    reader.greenlet.get(timeout=30)
    assert set(reader.kinds()) <= {"status", "steps", "log", "end"}


def test_a_reader_that_left_is_forgotten(running: tuple[Live, int, int]) -> None:
    live, build, _ = running
    waiting = live.scene.services.context.bus._waiting
    reader = Reader(live)
    wait_until(lambda: f"build/{build}" in waiting)
    reader.greenlet.kill()
    wait_until(lambda: f"build/{build}" not in waiting)


def test_a_log_can_be_read_while_the_build_runs(running: tuple[Live, int, int]) -> None:
    live, build, claim = running
    headers = {"Authorization": f"Bearer {live.scene.token}"}
    live.scene.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"one\n"))
    assert httpx.get(f"{live.url}{BUILD}/log", headers=headers).text == "one\n"
    live.scene.report(build, claim, 2, LogWritten(step="1", at=1.0, data=b"two\n"))
    part = httpx.get(f"{live.url}{BUILD}/log", headers={**headers, "Range": "bytes=4-"})
    assert (part.status_code, part.text) == (206, "two\n")


def test_streams_are_bounded_in_number() -> None:
    scene = with_pipeline(make_scene(ApiSettings(version="1", max_streams=1), ServiceSettings(follow_poll=0.05)))
    scene.trigger()
    live = Live(scene)
    live.start()
    reader = Reader(live)
    wait_until(lambda: "status" in reader.kinds())
    refused = httpx.get(f"{live.url}{BUILD}/events", headers={"Authorization": f"Bearer {scene.token}"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    reader.greenlet.kill()
    live.stop()
    scene.services.context.store.close()
