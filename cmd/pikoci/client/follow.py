"""Follows a build until it ends, live."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gevent
import msgspec

from pikoci.build_display import BuildDisplay
from pikoci.client.session import Session
from pikoci.client.urls import path_of
from pikoci.internal.domain.errors import UnavailableError
from pikoci.terminal import is_terminal, shows_colors
from pikoci.times import parse_time

_RETRIES = 30
_PAUSE_SECONDS = 1.0


def build_path(team: str, pipeline: str, job: str, number: str) -> str:
    """The address of a build."""
    return path_of("teams", team, "pipelines", pipeline, "jobs", job, "builds", number)


def follow_build(session: Session, path: str) -> Any:
    """Show the build at `path` until it ends, from its beginning; returns it with its parts.

    A connection that breaks is made again, and goes on where it was. With `--output json` nothing is shown meanwhile.
    Raises UnavailableError when the server stays away.
    """
    if session.prints_json:
        with Path(os.devnull).open("wb") as nowhere:
            _show(session, path, BuildDisplay(nowhere, session.now, terminal=False, colors=False))
    else:
        _show(
            session, path, BuildDisplay(sys.stdout.buffer, session.now, terminal=is_terminal(), colors=shows_colors())
        )
    return session.api.get(path)


def _show(session: Session, path: str, display: BuildDisplay) -> None:
    with display.ticking():
        _follow(session, f"{path}/events", _Shown(display))


def _follow(session: Session, path: str, shown: _Shown) -> None:
    failures = 0
    while True:
        before = shown.offset
        try:
            with session.api.stream(path, offset=shown.offset) as chunks:
                for event, data in read_events(chunks):
                    if shown.take(event, msgspec.json.decode(data)):
                        return
        except UnavailableError:
            failures = 0 if shown.offset > before else failures + 1
            if failures > _RETRIES:
                raise
            gevent.sleep(_PAUSE_SECONDS)


def read_events(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The name and data of each server-sent event; comments, which keep the connection alive, are left out."""
    event, data = "message", list[bytes]()
    for line in _lines(chunks):
        if not line:
            if data:
                yield event, b"\n".join(data)
            event, data = "message", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            event = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")


class _Shown:
    """What the display was told so far, so that nothing is told twice."""

    def __init__(self, display: BuildDisplay) -> None:
        self._display = display
        self._attempt = 0
        self._steps: dict[str, tuple[int, str]] = {}
        self.offset = 0

    def take(self, event: str, data: Any) -> bool:
        """Show one event of the stream; says whether it was the last. Kinds that are not known yet are passed over."""
        if event == "status":
            self._build(data)
        elif event == "steps":
            for step in data:
                self._step(step)
        elif event == "log":
            self._log(data)
        elif event == "end":
            self._finish(data)
            return True
        return False

    def _build(self, build: Any) -> None:
        if build["status"] in {"pending", "waiting"}:
            self._display.waiting(build["reason"])

    def _step(self, step: Any) -> None:
        if step["attempt"] > self._attempt:
            if self._attempt:
                self._display.note(f"The build starts again: attempt {step['attempt']}")
            self._attempt = step["attempt"]
            self._steps.clear()
        elif step["attempt"] < self._attempt:
            return
        try_number, status = self._steps.get(step["id"], (0, ""))
        if step["status"] == "skipped" or (try_number, status) == (step["try_number"], step["status"]):
            return
        if try_number != step["try_number"] and step["started_at"]:
            title = f"{step['kind']} {step['name']}"
            self._display.step_started(
                step["id"],
                title,
                try_number=1 if not try_number else step["try_number"],
                at=parse_time(step["started_at"]),
            )
        if step["status"] != "started":
            ended = step["finished_at"]
            self._display.step_finished(
                step["id"], step["status"], reason=step["reason"], at=parse_time(ended) if ended else None
            )
        self._steps[step["id"]] = step["try_number"], step["status"]

    def _log(self, chunk: Any) -> None:
        data = base64.b64decode(chunk["base64"]) if chunk.get("base64") else chunk.get("text", "").encode()
        end = chunk["offset"] + len(data)
        if end > self.offset:
            self._display.log(chunk["step"], data[max(0, self.offset - chunk["offset"]) :])
            self.offset = end

    def _finish(self, build: Any) -> None:
        seconds = None
        if build["started_at"] and build["finished_at"]:
            seconds = parse_time(build["finished_at"]) - parse_time(build["started_at"])
        title = f"Build {build['number']} of the job {build['job']}"
        self._display.build_finished(title, build["status"], reason=build["reason"], seconds=seconds)
