"""The log of one step: masked, capped, and sent on as it comes."""

from __future__ import annotations

from pikoci.internal.worker.reporting.log_cap import LogCap
from pikoci.internal.worker.reporting.reporter import EventSink
from pikoci.internal.worker.tools.masking import Masker


class StepLog:
    """Where the output of a step goes, and the worker's own remarks on it."""

    def __init__(self, reporter: EventSink, step: str, masker: Masker, cap: LogCap) -> None:
        self._reporter = reporter
        self._step = step
        self._masker = masker
        self._cap = cap
        self._at_line_start = True

    def write(self, data: bytes) -> None:
        """Add output; blocks while too much of it is undelivered."""
        if data:
            self._at_line_start = data.endswith(b"\n")
            self._reporter.log(self._step, self._cap.feed(self._masker.feed(data)))

    def note(self, text: str) -> None:
        """Add a line of the worker's own."""
        start = "" if self._at_line_start else "\n"
        self.write(f"{start}{text}\n".encode("utf-8", "surrogateescape"))

    def finish(self) -> None:
        """Send what was held back. The log may be written to again afterwards, by another try."""
        self._reporter.log(self._step, self._cap.feed(self._masker.finish()) + self._cap.finish())
