"""Files that built-in types bring to builds and take from them, where builds have users of their own."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep
from tests.integration.internal.worker.resources.objects import resource
from tests.integration.internal.worker.user_room import passable_directory, user_room
from tests.services.lying_server import LyingServer, lying_server
from tests.unit.internal.worker.bench_room import Room, task, wait_until
from tests.unit.internal.worker.fake_gateway import Record

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="build users need root")


@pytest.fixture
def place() -> Generator[Path]:
    with passable_directory() as path:
        yield path


@pytest.fixture
def user_worker(place: Path) -> Generator[Room]:
    with user_room(place) as room:
        yield room


@pytest.fixture
def store() -> Generator[LyingServer]:
    with lying_server() as found:
        found.serve("/abc/a-1", b"content", Content_Length="7")
        found.serve("/abc/a-2", b"")
        yield found


def build(room: Room, store: LyingServer, before: str, after: str = "true") -> Record:
    """A task, a get, a task."""
    params: dict[str, object] = {"bucket": "abc", "endpoint": store.address, "regexp": "a-(.*)"}
    return room.run_job(
        task(before),
        GetStep(id="2", name="object", resource="s3.object"),
        task(after, id="3"),
        resources=[resource(params)],
        inputs={"object": {"path": "a-1"}},
    )


def test_what_a_get_brings_is_the_builds(user_worker: Room, store: LyingServer) -> None:
    shown = "id -u; stat -c '%u %a %h' object/a-1 object/url; echo more >> object/a-1; cat object/a-1"
    record = build(user_worker, store, "true", shown)
    assert record.end.status == "succeeded", record.end.reason
    user = record.log("3").decode().split()[0]
    assert record.log("3").decode() == f"{user}\n{user} 644 1\n{user} 644 1\ncontentmore\n"


def test_what_is_in_the_way_is_replaced_and_links_are_not_followed(user_worker: Room, store: LyingServer) -> None:
    before = "mkdir object; echo mine > precious; ln -s ../precious object/a-1; ln -s nowhere object/url"
    record = build(user_worker, store, before, "cat precious object/a-1; test ! -L object/url")
    assert record.log("3") == b"mine\ncontent", record.end.reason


def test_a_get_does_not_leave_the_work_directory(user_worker: Room, store: LyingServer, place: Path) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    record = build(user_worker, store, f"ln -s {place}/open object")
    assert record.end.status == "failed"
    assert '"object" is not a path below the work directory' in record.end.reason
    assert list((place / "open").iterdir()) == []


def put(room: Room, store: LyingServer, make: str) -> Record:
    params: dict[str, object] = {"bucket": "abc", "endpoint": store.address, "regexp": "a-(.*)"}
    return room.run_job(
        task(make),
        PutStep(id="2", name="object", resource="s3.object", params={"file": "a-2"}),
        resources=[resource(params)],
    )


def test_a_put_reads_what_only_the_build_may_read(user_worker: Room, store: LyingServer) -> None:
    record = put(user_worker, store, "umask 077; echo x > a-2")
    assert record.end.status == "succeeded", record.end.reason
    assert ("PUT", "/abc/a-2", "") in store.asked


def test_a_put_reads_nothing_that_a_link_leads_to(user_worker: Room, store: LyingServer, place: Path) -> None:
    secret = place / "secret"
    secret.write_text("of the worker")
    record = put(user_worker, store, f"ln -s {secret} a-2")
    assert 'there is no file "a-2"' in record.end.reason
    assert store.asked == []


def test_a_put_reads_nothing_of_others_by_a_hard_link(user_worker: Room, store: LyingServer, place: Path) -> None:
    secret, ready, go = (place / name for name in ("secret", "ready", "go"))
    secret.write_text("of the worker")
    place.chmod(0o777)
    params: dict[str, object] = {"bucket": "abc", "endpoint": store.address, "regexp": "a-(.*)"}
    record = user_worker.submit(
        task(f"pwd > {ready}.new && mv {ready}.new {ready}; until test -e {go}; do sleep 0.02; done"),
        PutStep(id="2", name="object", resource="s3.object", params={"file": "a-2"}),
        resources=[resource(params)],
    )
    wait_until(ready.exists)
    # What the build could do itself where everybody may make hard links (fs.protected_hardlinks=0).
    os.link(secret, Path(ready.read_text().strip()) / "a-2")
    go.touch()
    wait_until(lambda: record.ended)
    assert "it is another user's, by a hard link" in record.end.reason
    assert store.asked == []
