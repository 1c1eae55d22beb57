"""Shows a build as it runs: headings, the log, results and, on a terminal, what goes on right now."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import BinaryIO

import click
import gevent

from pikoci.internal.domain.times import short_duration
from pikoci.shared.side_by_side import SideBySide
from pikoci.shared.terminal import visible

_COLORS = {
    "succeeded": "green",
    "failed": "red",
    "errored": "red",
    "cancelled": "yellow",
    "warning": "yellow",
    "started": "blue",
}
_SPINNER = "|/-\\"
_IN_LINE = "waits for"
_CLEAR_LINE = b"\r\x1b[K"
_TICKS_PER_SECOND = 8


def status_color(status: str) -> str | None:
    """The colour of a status, None for the terminal's own."""
    return _COLORS.get(status)


class BuildDisplay:
    """Writes one build to `out`. Times are seconds, all by the same clock.

    On a `terminal` the line after the last output says which step runs and for how long: `tick` draws it, and it is
    gone before anything else is written. It stays away while the log is in the middle of a line.

    Output of steps that run side by side comes in whole lines, each led by the title of its step.
    """

    def __init__(self, out: BinaryIO, now: Callable[[], float], *, terminal: bool, colors: bool) -> None:
        self._out = out
        self._now = now
        self._terminal = terminal
        self._colors = colors
        self._at_line_start = True
        self._progress = b""
        self._shown_step = ""
        self._titles: dict[str, str] = {}
        self._running: dict[str, tuple[str, float]] = {}
        self._waiting: tuple[str, float] | None = None
        self._beside = SideBySide()

    def waiting(self, reason: str) -> None:
        """Say why the build does not run yet. The same reason is told once; so is a line that only gets shorter."""
        moving = reason.startswith(_IN_LINE)
        shown = f"waiting: {visible(reason)}" if reason and not moving else visible(reason) or f"{_IN_LINE} a worker"
        known = self._waiting[0] if self._waiting else ""
        if shown != known:
            self._waiting = (shown, self._waiting[1] if moving and self._waiting else self._now())
            if reason and not (moving and known.startswith(_IN_LINE)):
                self._line(f"{shown[:1].upper()}{shown[1:]}", dim=True)
                self._flush()

    def step_started(
        self, step: str, title: str, *, try_number: int = 1, at: float | None = None, is_block: bool = False
    ) -> None:
        """Write a heading. `title` is what people call the step; a further try of it gets no heading of its own.

        The steps inside one that `is_block` run side by side.
        """
        self._waiting = None
        if is_block:
            self._beside.add_block(step)
        lane = self._beside.lane(step)
        owner = self._titles.get(lane, "") if lane != step else ""
        self._titles[step] = f"{owner}, {visible(title)}" if owner else visible(title)
        self._running[step] = (self._titles[step], self._now() if at is None else at)
        if try_number == 1:
            self._heading(step)
        self._flush()

    def is_running(self, step: str) -> bool:
        """Whether the step was told to have started, and not to have ended."""
        return step in self._running

    def log(self, step: str, data: bytes) -> None:
        """Write output as it is, below the heading of its step; or line by line, if it runs beside others."""
        if not data:
            return
        if self._beside.lane(step):
            self._lines(self._beside.feed(step, self._titles.get(step, step), data))
            return
        if step and step != self._shown_step and step in self._titles:
            self._heading(step)
        self._clear_progress()
        self._out.write(data)
        self._at_line_start = data.endswith(b"\n")
        self._flush()

    def step_finished(self, step: str, status: str, *, reason: str = "", at: float | None = None) -> None:
        """Write how a step ended and how long it took; one that never started is passed over."""
        title, began = self._running.pop(step, ("", 0.0))
        if not title:
            return
        self._lines(self._beside.finish(step))
        took = short_duration((self._now() if at is None else at) - began)
        result = self._paint(status, fg=status_color(status), bold=True)
        self._line(f"{self._paint(f'--- {title}:', fg='cyan')} {result} in {took}{_because(reason)}")
        self._flush()

    def step_skipped(self, title: str, *, reason: str = "") -> None:
        """Write that a step never ran."""
        self._line(f"{self._paint(f'--- {visible(title)}:', fg='cyan')} skipped{_because(reason)}")
        self._flush()

    def build_finished(self, title: str, status: str, *, reason: str = "", seconds: float | None = None) -> None:
        """Write how the whole build ended."""
        self._lines(self._beside.clear())
        self._running.clear()
        self._waiting = None
        result = self._paint(status, fg=status_color(status), bold=True)
        took = f" in {short_duration(seconds)}" if seconds is not None else ""
        self._line(f"{visible(title)} {result}{took}{_because(reason)}")
        self._flush()

    def start_again(self, text: str) -> None:
        """Write why everything starts anew; what ran until now ended without a result."""
        self._lines(self._beside.clear())
        self._running.clear()
        self._titles.clear()
        self._shown_step = ""
        self.note(text)

    def note(self, text: str) -> None:
        """Write a line that is about the build and no part of its log."""
        self._line(visible(text), dim=True)
        self._flush()

    def tick(self) -> None:
        """Draw the progress line again; call it a few times a second."""
        if not self._terminal or not self._at_line_start:
            return
        current = self._current()
        if current is None:
            self._clear_progress()
            self._flush()
            return
        text, began = current
        elapsed = max(0.0, self._now() - began)
        turn = _SPINNER[int(elapsed * _TICKS_PER_SECOND) % len(_SPINNER)]
        line = f"{turn} {visible(text)[: _columns() - 12]} {short_duration(elapsed)}"
        self._progress = self._paint(line, dim=True).encode("utf-8", "replace")
        self._out.write(_CLEAR_LINE + self._progress)
        self._flush()

    @contextmanager
    def ticking(self) -> Generator[None]:
        """Keep the progress line going, and close the display at the end."""
        greenlet = gevent.spawn(self._tick_forever) if self._terminal else None
        try:
            yield
        finally:
            if greenlet is not None:
                greenlet.kill()
            self.close()

    def close(self) -> None:
        """Leave the cursor at the start of an empty line."""
        self._lines(self._beside.clear())
        self._clear_progress()
        self._end_line()
        self._flush()

    def _tick_forever(self) -> None:
        while True:
            gevent.sleep(1 / _TICKS_PER_SECOND)
            self.tick()

    def _current(self) -> tuple[str, float] | None:
        """What goes on and since when; of steps side by side the last, and how many more."""
        running = [self._running[step] for step in self._running if not self._beside.is_block(step)]
        if not running:
            return next(reversed(self._running.values()), None) or self._waiting
        text, began = running[-1]
        return (f"{text} and {len(running) - 1} more" if len(running) > 1 else text), began

    def _lines(self, lines: bytes) -> None:
        """Write whole lines of steps that run side by side; what comes next has its heading again."""
        if lines:
            self._clear_progress()
            self._end_line()
            self._out.write(lines)
            self._shown_step = ""
            self._flush()

    def _heading(self, step: str) -> None:
        self._shown_step = step
        self._line(self._paint(f"=== {self._titles[step]}", fg="cyan", bold=True))

    def _line(self, text: str, *, dim: bool = False) -> None:
        self._clear_progress()
        self._end_line()
        self._out.write((self._paint(text, dim=True) if dim else text).encode("utf-8", "replace") + b"\n")

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._out.write(b"\n")
            self._at_line_start = True

    def _clear_progress(self) -> None:
        if self._progress:
            self._out.write(_CLEAR_LINE)
            self._progress = b""

    def _flush(self) -> None:
        self._out.flush()

    def _paint(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self._colors else text


def _columns() -> int:
    return max(24, shutil.get_terminal_size().columns - 1)


def _because(reason: str) -> str:
    return f": {visible(reason)}" if reason else ""
