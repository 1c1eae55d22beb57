"""What a worker sends is within what the server takes, by construction."""

from __future__ import annotations

import msgspec

from pikoci.internal.domain.events import LogWritten
from pikoci.internal.domain.limits import MAX_LOG_EVENT
from pikoci.internal.domain.wire import MAX_REPORT, MAX_REPORT_EVENTS, Report
from pikoci.internal.worker.reporting.buffer import EventBuffer
from pikoci.internal.worker.reporting.sending import BATCH_BYTES, event_size


def test_a_long_log_is_cut_into_pieces_that_the_server_takes() -> None:
    buffer = EventBuffer()
    buffer.add_log("step", 0.0, b"x" * (3 * MAX_LOG_EVENT + 1))
    sizes = []
    while events := buffer.take():
        sizes += [len(event.data) for event in events if isinstance(event, LogWritten)]
        assert len(msgspec.msgpack.encode(Report(first=1, events=list(events)))) <= MAX_REPORT

    assert sum(sizes) == 3 * MAX_LOG_EVENT + 1
    assert max(sizes) <= MAX_LOG_EVENT


def test_a_batch_of_the_smallest_events_is_one_report() -> None:
    smallest = event_size(LogWritten(step="", at=0.0, data=b""))

    assert BATCH_BYTES // smallest < MAX_REPORT_EVENTS
