"""Puts what a build's stream tells in the order in which it happened, and shows it once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from pikoci.client.times import parse_time
from pikoci.pkg.client import BuildEvent
from pikoci.shared.build_display import BuildDisplay

#: After so long without news the log is no longer behind the steps.
_QUIET_SECONDS = 0.15


class BuildStory:
    """Tells a display what the stream says; what the stream repeats is told once.

    Steps come ahead of the log: a step's heading waits for the first line that is below it, its result for the first
    line of a later step; both are told when the stream falls quiet.
    """

    def __init__(self, display: BuildDisplay) -> None:
        self._display = display
        self._attempt = 0
        self._told: dict[str, tuple[int, str]] = {}
        self._pending: deque[tuple[str, Callable[[], None]]] = deque()
        self._quiet: gevent.Greenlet[[], None] | None = None

    def take(self, event: BuildEvent) -> None:
        """Take one event of the stream."""
        if self._quiet is not None:
            self._quiet.kill(block=False)
        match event.kind:
            case "status" if event.data["status"] in {"pending", "waiting"}:
                self._tell_all()
                self._display.waiting(event.data["reason"])
            case "steps":
                self._steps(event.data)
            case "log":
                if event.data["attempt"] == self._attempt:
                    self._tell_until_start(event.data["step"])
                self._display.log(event.data["step"], event.log)
            case "end":
                self._end(event.data)
                return
        self._quiet = gevent.spawn_later(_QUIET_SECONDS, self._tell_all)

    def _steps(self, steps: list[Any]) -> None:
        attempt = max((step["attempt"] for step in steps), default=0)
        if attempt > self._attempt:
            self._tell_all()
            if self._attempt:
                self._display.start_again(f"The build starts again: attempt {attempt}")
            self._attempt = attempt
            self._told.clear()
        moves: list[tuple[float, str, Callable[[], None]]] = []
        for step in steps:
            if step["attempt"] == attempt:
                moves += self._moves(step) if step["started_at"] else self._skip(step)
        moves.sort(key=lambda move: move[0])
        self._pending.extend((step, tell) for _, step, tell in moves)

    def _moves(self, step: Any) -> list[tuple[float, str, Callable[[], None]]]:
        """What is new about a step: that it started, and that it ended."""
        known_try, known_status = self._told.get(step["id"], (0, ""))
        self._told[step["id"]] = step["try_number"], step["status"]
        began, moves = parse_time(step["started_at"]), []
        if step["try_number"] != known_try:
            moves.append((began, step["id"], lambda: self._start(step, began, again=bool(known_try))))
        if step["status"] != "started" and (step["try_number"], step["status"]) != (known_try, known_status):
            ended = parse_time(step["finished_at"]) if step["finished_at"] else began
            moves.append((ended, step["id"], lambda: self._finish(step, ended)))
        return moves

    def _skip(self, step: Any) -> list[tuple[float, str, Callable[[], None]]]:
        """That a step never ran, once it is known."""
        if step["id"] in self._told or not step["finished_at"]:
            return []
        self._told[step["id"]] = step["try_number"], step["status"]
        title, reason = _title(step), step["reason"]
        at = parse_time(step["finished_at"])
        return [(at, step["id"], lambda: self._display.step_skipped(title, reason=reason))]

    def _start(self, step: Any, at: float, *, again: bool) -> None:
        self._display.step_started(
            step["id"], _title(step), try_number=2 if again else 1, at=at, is_block=step["kind"] == "in_parallel"
        )

    def _finish(self, step: Any, at: float) -> None:
        self._display.step_finished(step["id"], step["status"], reason=step["reason"], at=at)

    def _tell_until_start(self, step: str) -> None:
        """Tell what happened up to the start of a step, if it has not been told yet."""
        if any(pending == step for pending, _ in self._pending):
            while self._pending and not self._display.is_running(step):
                self._pending.popleft()[1]()

    def _tell_all(self) -> None:
        while self._pending:
            self._pending.popleft()[1]()

    def _end(self, build: Any) -> None:
        self._tell_all()
        seconds = None
        if build["started_at"] and build["finished_at"]:
            seconds = parse_time(build["finished_at"]) - parse_time(build["started_at"])
        self._display.build_finished(build["name"], build["status"], reason=build["reason"], seconds=seconds)


def _title(step: Any) -> str:
    return f"{step['kind']} {step['name']}".strip()
