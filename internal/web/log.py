"""The end of a build's log, step by step."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from pikoci.internal.domain.build import BLOCK_KINDS, Build, LogChunk, Step, block_depth
from pikoci.internal.service.use_cases.builds import BuildService
from pikoci.internal.service.use_cases.views import BuildDetail
from pikoci.internal.web.ansi import Terminal


@dataclass(frozen=True, slots=True)
class Tail:
    """Log from the offset `start` on, up to where the build's log ended when it was asked for."""

    start: int
    chunks: Sequence[LogChunk]


@dataclass(slots=True)
class Section:
    """A step with its part of the log, as lines; `step` is None for lines that are of no step of this attempt.

    `depth` tells in how many blocks of steps it stands.
    """

    key: str
    title: str
    step: Step | None
    depth: int = 0
    lines: list[Markup] = field(default_factory=list)


def read_tail(builds: BuildService, build: Build, size: int) -> Tail:
    """The last `size` bytes, from the beginning of a line on where there is one."""
    start = max(0, build.log_size - size)
    chunks: list[LogChunk] = []
    offset = start
    while offset < build.log_size:
        found = builds.read_log(build.id, offset, build.log_size - offset)
        if not found:
            break  # deleted by age
        chunks += found
        offset = found[-1].offset + len(found[-1].data)
    if start and chunks:
        cut = chunks[0].data.find(b"\n") + 1
        if len(chunks) == 1 and cut == len(chunks[0].data):
            cut = 0  # one line, longer than what is shown
        return Tail(start=start + cut, chunks=[_from(chunks[0], cut), *chunks[1:]])
    return Tail(start=start, chunks=chunks)


def _from(chunk: LogChunk, cut: int) -> LogChunk:
    return LogChunk(offset=chunk.offset + cut, step=chunk.step, claim=chunk.claim, at=chunk.at, data=chunk.data[cut:])


def sections(detail: BuildDetail, tail: Tail) -> list[Section]:
    """What the log of other attempts says, then the steps of this one, then the build's own last lines."""
    steps = {section_key(step.claim, step.id): step for step in detail.steps}
    blocks = {step.id for step in detail.steps if step.kind in BLOCK_KINDS}
    found = {
        key: Section(key=key, title=step.name, step=step, depth=block_depth(step.id, blocks))
        for key, step in steps.items()
    }
    others: dict[str, Section] = {}
    terminals: dict[str, _Reader] = {}
    for chunk in tail.chunks:
        key = section_key(chunk.claim, chunk.step)
        if key not in found and key not in others:
            others[key] = Section(key=key, title=_title(chunk), step=None)
        terminals.setdefault(key, _Reader()).feed(chunk.data)
    for key, terminal in terminals.items():
        (found.get(key) or others[key]).lines = terminal.lines()
    earlier = [one for one in others.values() if one.key.partition(":")[0] != str(detail.build.claim)]
    own = [one for one in others.values() if one not in earlier]
    return [*earlier, *found.values(), *own]


def section_key(claim: int, step: str) -> str:
    """What the page and its script call a step's section."""
    return f"{claim}:{step}"


def _title(chunk: LogChunk) -> str:
    return f"attempt {chunk.claim}, step {chunk.step}" if chunk.step else f"attempt {chunk.claim}"


class _Reader:
    """Bytes of one step, as lines; a character may be cut by the end of a chunk."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._terminal = Terminal()

    def feed(self, data: bytes) -> None:
        self._terminal.feed(self._decoder.decode(data))

    def lines(self) -> list[Markup]:
        self._terminal.feed(self._decoder.decode(b"", final=True))
        return self._terminal.lines()
