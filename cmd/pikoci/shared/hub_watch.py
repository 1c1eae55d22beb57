"""Notices when the hub stands still: one greenlet computes, or waits without the others getting their turn.

The hub says itself when a turn begins and ends, which costs it two calls that do next to nothing; an idle hub has no
turns. A native thread looks 20 times a second while there are any, and notes what runs in a turn that lasts.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

import gevent
import structlog
from gevent.monkey import get_original

_log = structlog.get_logger(__name__)

#: Seconds from a turn's beginning to the thread's look, and of standing that are worth a word.
LOOK = 0.05
WARN_AFTER = 0.1
#: A shorter turn is not told at all.
LEAST = 0.005
#: Seconds between two warnings.
QUIET = 10.0
_FRAMES = 4
_DEEPEST = 200
_HERE = str(Path(__file__).parents[1]) + "/"

_sleep = get_original("time", "sleep")
_start_thread = get_original("_thread", "start_new_thread")
_thread_key = get_original("_thread", "get_ident")
_thread_id = get_original("_thread", "get_native_id")


class HubWatch:
    """Tells `observe` of each stretch of seconds for which the hub stood, and warns of long ones with what ran.

    Time in which a thread of this process could have run, and the machine let others run, does not count, as far as
    the thread has seen it: a busy machine is no fault of ours. Starts and stops on the hub's own thread.
    """

    def __init__(self, observe: Callable[[float], None], *, warn_after: float = WARN_AFTER) -> None:
        self._observe = observe
        self._warn_after = warn_after
        self._turn = 0
        self._began: float | None = None
        self._look: _Look | None = None
        self._running = self._resting = self._ended = False
        self._quiet_until = 0.0
        self._unsaid = 0

    def start(self) -> None:
        """Begin to watch the hub of this thread, with its next turn."""
        loop = gevent.get_hub().loop
        # The first to be called after a wait for events, and the last before the next one.
        self._beginning, self._ending = loop.check(ref=False, priority=2), loop.prepare(ref=False, priority=-2)
        self._beginning.start(self._begin)
        self._ending.start(self._end)
        self._running, self._bell = True, os.eventfd(0)
        _start_thread(self._watch, (_thread_key(), _thread_id()))

    def stop(self) -> None:
        """Watch no more; returns when the thread has ended."""
        self._beginning.close()
        self._ending.close()
        self._running = False
        os.eventfd_write(self._bell, 1)
        while not self._ended:
            gevent.sleep(LOOK / 5)
        os.close(self._bell)  # not by the thread, which may end before it is rung

    def _begin(self) -> None:
        self._began = time.monotonic()
        if self._resting:
            self._resting = False
            os.eventfd_write(self._bell, 1)

    def _end(self) -> None:
        began, self._began = self._began, None
        self._turn += 1
        if began is None or (stood := time.monotonic() - began) < LEAST:
            return
        look, self._look = self._look, None
        if look is not None and look.turn == self._turn - 1:
            stood -= look.waited()
        else:
            look = None
        self._observe(max(0.0, stood))
        if look is not None and stood >= self._warn_after:
            self._warn(stood, look)

    def _warn(self, stood: float, look: _Look) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            self._unsaid += 1
            return
        # Not on the hub itself: whoever logs may have to wait.
        gevent.spawn(_log.warning, "the hub stood still", seconds=round(stood, 3), ran=look.ran(), unsaid=self._unsaid)
        self._quiet_until, self._unsaid = now + QUIET, 0

    def _watch(self, key: int, hub_thread: int) -> None:
        """The native thread. Nothing in here may be gevent's."""
        waits = _Waits(hub_thread, _thread_id())
        while self._running:
            self._resting = True
            if self._began is None:
                os.eventfd_read(self._bell)
            self._resting = False
            before = waits.own()
            _sleep(LOOK)
            turn, began, look = self._turn, self._began, self._look
            if began is not None:
                look = look if look is not None and look.turn == turn else _Look(turn, waits, before)
                look.note(sys._current_frames().get(key))  # noqa: SLF001 - documented
                self._look = look if turn == self._turn else None
        waits.close()
        self._ended = True


class _Look:
    """What the thread has seen of one turn. `before` is what was waited until then."""

    def __init__(self, turn: int, waits: _Waits, before: float) -> None:
        self.turn = turn
        self._waits = waits
        self._before = before
        self._others = waits.others()
        self._seen: Counter[tuple[str, ...]] = Counter()

    def note(self, frame: FrameType | None) -> None:
        """Remember what runs."""
        self._seen[tuple(_places(frame))] += 1

    def waited(self) -> float:
        """Seconds for which threads of this process had to wait for a processor."""
        return self._waits.own() - self._before + self._waits.others() - self._others

    def ran(self) -> str:
        """What was seen most often: the innermost of our own functions first, then its callers."""
        return " < ".join(self._seen.most_common(1)[0][0])


class _Waits:
    """How long threads could have run so far and were not let, in seconds (sched-stats.rst of Linux); 0 if unknown.

    One that is not let while it has the interpreter keeps the hub from it.
    """

    def __init__(self, hub: int, watching: int) -> None:
        self._known = {str(hub), str(watching)}
        self._hub, self._watching = _open(hub), _open(watching)

    def own(self) -> float:
        """The hub's, and the watching thread's: the interpreter is handed to it before it runs."""
        return _read(self._hub) + _read(self._watching)

    def others(self) -> float:
        """Those of all other threads."""
        total = 0.0
        for task in Path("/proc/self/task").glob("*/schedstat"):
            with suppress(OSError):  # the thread has ended
                total += 0.0 if task.parent.name in self._known else _wait_of(task.read_bytes())
        return total

    def close(self) -> None:
        """Give back what is open."""
        for file in (self._hub, self._watching):
            if file is not None:
                os.close(file)


def _open(thread: int) -> int | None:
    try:
        return os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # a kernel without, or another system


def _read(file: int | None) -> float:
    return 0.0 if file is None else _wait_of(os.pread(file, 100, 0))


def _wait_of(schedstat: bytes) -> float:
    return int(schedstat.split()[1]) / 1e9


def _places(frame: FrameType | None) -> Iterator[str]:
    """`file:line function` of the innermost function, if it is not ours, and of our innermost ones."""
    shown = 0
    for depth in range(_DEEPEST):
        if frame is None or shown == _FRAMES:
            return
        code = frame.f_code
        name = code.co_filename
        ours = name.startswith(_HERE)
        if ours or depth == 0:
            shown += ours
            yield f"{name.removeprefix(_HERE)}:{frame.f_lineno} {code.co_qualname}"
        frame = frame.f_back
