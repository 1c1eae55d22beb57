"""Following a build as it runs."""

from collections.abc import Callable
from typing import Any, NoReturn

import gevent
import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import NotFoundError, UnavailableError
from pikoci.internal.domain.events import LogWritten
from pikoci.internal.service import ServiceSettings
from pikoci.internal.service.use_cases.views import BuildUpdate
from tests.integration.internal.service.world import PLAIN, World


def text(updates: list[BuildUpdate]) -> str:
    return b"".join(chunk.data for update in updates for chunk in update.chunks).decode()


def test_an_ended_build_is_told_whole_and_then_it_ends(world: World) -> None:
    world.set(PLAIN)
    build = world.run(world.trigger())
    updates = [update for update in world.services.builds.follow(world.alice, build.id) if update]
    assert updates[0].build is not None
    assert updates[-1].log_offset == len("hello\n")
    assert text(updates) == "hello\n"


def test_following_goes_on_from_any_offset(world: World) -> None:
    world.set(PLAIN)
    build = world.run(world.trigger())
    assert text([update for update in world.services.builds.follow(world.alice, build.id, 3) if update]) == "lo\n"
    assert text([update for update in world.services.builds.follow(world.alice, build.id, 100) if update]) == ""


def test_a_long_log_comes_whole_and_in_order(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    pieces = [bytes([65 + number]) * 100_000 for number in range(20)]
    for number, piece in enumerate(pieces, start=1):
        world.report(build, claim, number, LogWritten(step="1", at=1.0, data=piece))
    *_, end = world.events()
    world.report(build, claim, 21, end)
    updates = [update for update in world.services.builds.follow(world.alice, build.id) if update]
    assert text(updates) == b"".join(pieces).decode()
    assert len(updates) > 5  # in bounded pieces


def test_a_follower_is_woken_by_each_report(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    seen: list[BuildUpdate] = []

    def follow() -> None:
        seen.extend(update for update in world.services.builds.follow(world.alice, build.id) if update)

    follower = gevent.spawn(follow)
    gevent.sleep(0)
    claim = world.claim(build).claim
    gevent.sleep(0)
    for number, event in enumerate(world.events(), start=1):
        world.report(build, claim, number, event)
        gevent.sleep(0)
    follower.join(timeout=0.9)  # less than the poll
    assert follower.ready()
    statuses = [update.build.status for update in seen if update.build]
    assert statuses[-1] is BuildStatus.SUCCEEDED
    assert text(seen) == "hello\n"


def test_a_quiet_build_gives_signs_of_life_and_polls_for_other_servers(world: World) -> None:
    impatient = World(world.store, ServiceSettings(follow_poll=0.01, keep_alive=5.0))
    world.set(PLAIN)
    build = world.trigger()
    stream = impatient.services.builds.follow(impatient.alice, build.id)
    first = next(stream)
    assert first is not None
    impatient.clock.advance(6)
    assert next(stream) is None
    world.run(build)  # another server's services: no wake-up reaches this one
    seen = [update.build.status for update in stream if update is not None and update.build is not None]
    assert seen[-1] is BuildStatus.SUCCEEDED


def test_a_renewed_lease_is_nothing_to_tell(world: World) -> None:
    impatient = World(world.store, ServiceSettings(follow_poll=0.01, keep_alive=5.0))
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    stream = impatient.services.builds.follow(impatient.alice, build.id)
    next(stream)
    with world.store.transaction():
        world.store.builds.grant_grace(world.clock.now() + 500)
    impatient.clock.advance(6)
    assert next(stream) is None


def test_a_build_that_is_deleted_ends_the_stream(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    stream = world.services.builds.follow(world.alice, build.id)
    next(stream)
    world.services.pipelines.delete(world.alice, "main", "p")
    last = [update.build.status for update in stream if update and update.build]
    assert last in ([BuildStatus.CANCELLED], [])
    with pytest.raises(NotFoundError):
        next(world.services.builds.follow(world.alice, build.id))


def test_nobody_is_left_subscribed(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    stream = world.services.builds.follow(world.alice, build.id)
    next(stream)
    stream.close()
    gevent.sleep(0)
    assert world.services.context.bus.topics == frozenset()


class CountedReads:
    """How often something is read, of a store's repositories."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, repository: object, *names: str) -> None:
        self.counts = dict.fromkeys(names, 0)
        for name in names:
            monkeypatch.setattr(repository, name, self._counted(name, getattr(repository, name)))

    def _counted(self, name: str, read: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.counts[name] += 1
            return read(*args, **options)

        return counted


def test_a_wake_up_is_one_read_for_all_who_follow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    streams = [world.services.builds.follow(world.alice, build.id) for _ in range(50)]
    for stream in streams:
        assert next(stream) is not None
    reads = CountedReads(monkeypatch, world.store.builds, "get", "steps")
    log = CountedReads(monkeypatch, world.store.logs, "read")
    world.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"one"))
    reads.counts.update(get=0)
    updates = [next(stream) for stream in streams]
    assert {text([update]) for update in updates if update} == {"one"}
    assert len(updates) == 50
    assert (reads.counts, log.counts) == ({"get": 1, "steps": 1}, {"read": 1})


def test_one_who_comes_late_or_is_slow_gets_all_from_the_beginning(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    slow = world.services.builds.follow(world.alice, build.id)
    quick = world.services.builds.follow(world.alice, build.id)
    seen = [update for update in (next(slow), next(quick)) if update][1:]
    pieces = [bytes([65 + number % 26]) * 100_000 for number in range(40)]  # more than is kept
    for number, piece in enumerate(pieces, start=1):
        world.report(build, claim, number, LogWritten(step="1", at=1.0, data=piece))
        while len(text(seen)) < number * 100_000:
            seen += [update for update in [next(quick)] if update]
    late = world.services.builds.follow(world.alice, build.id)
    *_, end = world.events()
    world.report(build, claim, 41, end)
    for stream in (slow, late, quick):
        assert text(seen if stream is quick else [update for update in stream if update]) == b"".join(pieces).decode()


def test_an_end_comes_after_all_of_the_log(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    stream = world.services.builds.follow(world.alice, build.id)
    next(stream)
    pieces = [bytes([65 + number]) * 100_000 for number in range(9)]  # more than is read at once
    for number, piece in enumerate(pieces, start=1):
        world.report(build, claim, number, LogWritten(step="1", at=1.0, data=piece))
    *_, end = world.events()
    world.report(build, claim, 10, end)
    updates = [update for update in stream if update]
    assert text(updates) == b"".join(pieces).decode()
    assert [update.build.status for update in updates if update.build][-1] is BuildStatus.SUCCEEDED


def test_a_read_that_fails_ends_the_streams_and_not_those_that_come_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set(PLAIN)
    build = world.trigger()
    stream, slow = (world.services.builds.follow(world.alice, build.id) for _ in range(2))
    next(stream)
    next(slow)

    def fail(_: int) -> NoReturn:
        raise UnavailableError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.builds, "get", fail)
        world.services.context.bus.notify(f"build/{build.id}")
        with pytest.raises(UnavailableError):
            next(stream)
    assert next(world.services.builds.follow(world.alice, build.id)) is not None
    with pytest.raises(UnavailableError):
        next(slow)
