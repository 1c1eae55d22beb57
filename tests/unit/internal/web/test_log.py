import pytest

from pikoci.internal.domain.events import BuildEvent, LogWritten, StepStarted
from pikoci.internal.web.log import read_tail, sections
from tests.integration.internal.service.world import PLAIN, World


def written(world: World, *pieces: bytes) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    events = [LogWritten(step="1", at=world.clock.now(), data=piece) for piece in pieces]
    world.report(build, claim, 1, StepStarted(step="1", name="t", kind="task", at=world.clock.now()), *events)


def lines(world: World, size: int = 1000) -> list[str]:
    detail = world.detail(world.builds()[0])
    tail = read_tail(world.services.builds, detail.build, size)
    return [str(line) for section in sections(detail, tail) for line in section.lines]


def test_a_character_may_be_cut_by_the_end_of_a_chunk(world: World) -> None:
    written(world, "grü".encode()[:3], "grü".encode()[3:] + b"n\n")
    assert lines(world) == ["grün"]


def test_what_is_no_text_is_shown_as_replaced(world: World) -> None:
    written(world, b"a\xff\xfeb\n\xc3")
    assert lines(world) == ["a��b", "�"]


@pytest.mark.parametrize(("size", "expected"), [(12, ["three", "four"]), (11, ["four"]), (3, ["ur"])])
def test_a_long_log_is_shown_from_the_beginning_of_a_line(world: World, size: int, expected: list[str]) -> None:
    written(world, b"one\ntwo\nthree\nfour\n")
    assert lines(world, size) == expected


def test_the_script_goes_on_where_the_tail_began(world: World) -> None:
    written(world, b"one\ntwo\nthree\n")
    tail = read_tail(world.services.builds, world.builds()[0], 8)
    assert tail.start == 8
    assert b"".join(chunk.data for chunk in tail.chunks) == b"three\n"


def test_lines_of_an_earlier_attempt_stand_apart_and_first(world: World) -> None:
    written(world, b"first attempt\n")
    world.register("i2")
    world.schedule()
    build = world.builds()[0]
    claim = world.claim(build, "i2").claim
    started = StepStarted(step="1", name="t", kind="task", at=world.clock.now())
    world.report(build, claim, 1, started, LogWritten(step="1", at=world.clock.now(), data=b"second\n"))
    detail = world.detail(build)
    found = sections(detail, read_tail(world.services.builds, detail.build, 1000))
    assert [(one.title, "".join(map(str, one.lines))) for one in found] == [
        ("attempt 1, step 1", "first attempt"),
        ("attempt 1", "worker w was started again; the build runs again"),
        ("t", "second"),
    ]


def test_steps_of_a_block_stand_in_it_each_with_its_log(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    at = world.clock.now()
    events: list[BuildEvent] = []
    for step, kind in (("1", "in_parallel"), ("1/1", "task"), ("1/2", "task"), ("1/1/ensure/1", "hook"), ("2", "task")):
        events += [
            StepStarted(step=step, name=step, kind=kind, at=at),
            LogWritten(step=step, at=at, data=step.encode()),
        ]
    world.report(build, world.claim(build).claim, 1, *events)
    detail = world.detail(build)
    found = sections(detail, read_tail(world.services.builds, detail.build, 1000))
    assert [(one.title, one.depth, "".join(map(str, one.lines))) for one in found] == [
        ("1", 0, "1"),
        ("1/1", 1, "1/1"),
        ("1/1/ensure/1", 1, "1/1/ensure/1"),
        ("1/2", 1, "1/2"),
        ("2", 0, "2"),
    ]
