"""Output of steps that run side by side, on its way out."""

from __future__ import annotations

from pikoci.internal.domain.events import LogWritten, StepStarted
from pikoci.internal.worker.reporting.buffer import EventBuffer
from pikoci.internal.worker.reporting.sending import BATCH_BYTES


def test_each_step_has_one_chunk_that_grows() -> None:
    buffer = EventBuffer()
    for number in range(3):
        buffer.add_log("1/1", float(number), b"a")
        buffer.add_log("1/2", float(number), b"b")
    assert buffer.take() == [LogWritten(step="1/1", at=0.0, data=b"aaa"), LogWritten(step="1/2", at=0.0, data=b"bbb")]
    assert not buffer
    assert buffer.size == 0


def test_a_chunk_never_grows_past_another_event() -> None:
    buffer, started = EventBuffer(), StepStarted(step="1/2", name="b", kind="task", at=1.0)
    buffer.add_log("1/1", 0.0, b"before")
    buffer.add(started)
    buffer.add_log("1/1", 2.0, b"after")
    assert buffer.take() == [
        LogWritten(step="1/1", at=0.0, data=b"before"),
        started,
        LogWritten(step="1/1", at=2.0, data=b"after"),
    ]


def test_what_was_taken_grows_no_more() -> None:
    buffer = EventBuffer()
    buffer.add_log("1/1", 0.0, b"x" * BATCH_BYTES)
    buffer.add_log("1/2", 0.0, b"y")
    assert [event.step for event in buffer.take() if isinstance(event, LogWritten)] == ["1/1"]
    buffer.add_log("1/1", 1.0, b"z")
    buffer.add_log("1/2", 1.0, b"y")
    assert buffer.take() == [LogWritten(step="1/2", at=0.0, data=b"yy"), LogWritten(step="1/1", at=1.0, data=b"z")]
    assert buffer.size == 0
