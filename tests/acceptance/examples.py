"""The example pipelines of docs/examples, and how they are played.

The comment at the head of each ends with a table that tells people, and the tests, what comes of it:

    #   job          ends as     its log has
    #   compile      succeeded   "compiling lexer"
    #     task lint  failed      "exit status 1"
    #   compile #2   succeeded   "nothing to compile"
    #                            "one minute old"

Indented deeper are steps of the build above: their kind and name, and what their reason has. `absent` is one that the
build does not have. Jobs that no version starts are started by hand, those with a `#2` when all above have ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.pkg import hcl
from pikoci.pkg.hcl.syntax import Block, Body
from tests.services.pikoci import PikociServer
from tests.unit.docs.markdown import ROOT

FOLDER = ROOT / "docs" / "examples"
FILES = sorted(FOLDER.glob("*.hcl"))

_STATUS = r"(?P<status>[a-z]+)(?P<texts>(?: +\"[^\"]*\")*)"
_MORE = re.compile(r' {5,}("[^"]*" *)+')
_JOB = re.compile(rf"(?P<job>[\w-]+)(?: #(?P<number>[\d.]+))?  +{_STATUS}")
_STEP = re.compile(rf"  (?P<kind>\w+)(?: (?P<name>\S+(?: \S+)*))?  +{_STATUS}")
_STATUSES = {str(status) for status in BuildStatus}
_STEP_STATUSES = {"succeeded", "failed", "cancelled", "errored", "skipped", "absent"}


@dataclass(frozen=True)
class Step:
    """What comes of a step: its status, and texts that its reason has."""

    kind: str
    name: str
    status: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """What comes of a build: its status, texts that its log or its reason has, and some of its steps."""

    job: str
    number: str
    status: str
    texts: tuple[str, ...]
    steps: tuple[Step, ...]


def rows(file: Path) -> list[Row]:
    """What the head of an example says. Raises ValueError where that has no table, or a line of it can't be read."""
    found: list[tuple[re.Match[str], list[Step]]] = []
    for line in _table(file):
        if match := _JOB.fullmatch(line[4:]):
            _known(match, _STATUSES, file, line)
            found.append((match, []))
        elif (match := _STEP.fullmatch(line[4:])) and found:
            _known(match, _STEP_STATUSES, file, line)
            found[-1][1].append(Step(match["kind"], match["name"] or "", match["status"], _texts(match)))
        else:
            raise ValueError(f"{file.name}: not understood: {line}")
    if not found:
        raise ValueError(f"{file.name}: its table has no jobs")
    return [Row(m["job"], m["number"] or "1", m["status"], _texts(m), tuple(steps)) for m, steps in found]


def _table(file: Path) -> list[str]:
    """The lines of the table, a row that goes on in the next line as one."""
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith("#   job ") and " ends as" in line:
            break
        if not line.startswith("#"):
            raise ValueError(f"{file.name}: the comment at its head has no table")
    found: list[str] = []
    for line in lines:
        if not line.startswith("#   "):
            break
        if found and _MORE.fullmatch(line[1:]):
            found[-1] += line[1:]
        else:
            found.append(line)
    return found


def _known(match: re.Match[str], statuses: set[str], file: Path, line: str) -> None:
    if match["status"] not in statuses:
        raise ValueError(f"{file.name}: no such status: {line}")


def _texts(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(re.findall(r'"([^"]*)"', match["texts"]))


class Play:
    """One example, on the server that plays others, too, unless it is given another one. `folder` is empty."""

    def __init__(self, file: Path, folder: Path, request: pytest.FixtureRequest) -> None:
        self.file = file
        self.folder = folder
        #: For services that few examples need: `play.request.getfixturevalue("containers")`.
        self.request = request
        self.name = file.stem
        self.address = f"/teams/main/pipelines/{self.name}"

    @cached_property
    def server(self) -> PikociServer:
        """The server of all examples."""
        found: PikociServer = self.request.getfixturevalue("server")
        return found

    def run(self, variables: Mapping[str, Any] | None = None, text: str = "") -> None:
        """Set the pipeline, start its jobs, and compare what comes of them with the head of the file."""
        self.set(variables, text)
        self.start()
        self.check()

    def set(self, variables: Mapping[str, Any] | None = None, text: str = "") -> None:
        """Set it, without warnings. A variable `folder` is the path of the folder; `text` stands for the file's."""
        config = text or self.file.read_text(encoding="utf-8")
        values = {"folder": str(self.folder)} if 'variable "folder"' in config else {}
        body = {"config": config, "vars": {**values, **(variables or {})}}
        answer = self.server.http.put(f"/api/v1{self.address}", json=body)
        assert answer.is_success, answer.text
        assert answer.json()["warnings"] == []

    def start(self) -> None:
        """Start the first build of each job that no version starts."""
        for row in rows(self.file):
            if row.number == "1" and self._by_hand(row.job):
                self.trigger(row.job)

    def trigger(self, job: str, values: Mapping[str, Any] | None = None) -> None:
        """Start a build."""
        self.server.post(f"{self.address}/jobs/{job}/builds", {"values": dict(values or {})})

    def check(self) -> None:
        """Wait for the builds in the order of the head, and compare."""
        for row in rows(self.file):
            if row.number != "1" and self._by_hand(row.job) and not self.server.build(self.name, row.job, row.number):
                self.trigger(row.job)
            self._check(row)

    def _check(self, row: Row) -> None:
        ended = {"succeeded", "failed", "cancelled", "errored", "warning", row.status}
        build = self.server.wait_for_build(self.name, row.job, row.number, *ended)
        log = self.server.build_log(self.name, row.job, row.number)
        said = f"{row.job} #{row.number}: {build['status']}: {build['reason']}\n{log}"
        assert build["status"] == row.status, said
        for text in row.texts:
            assert text in f"{build['reason']}\n{log}", said
        for step in row.steps:
            assert list(_differences(step, build)) == [], said

    def _by_hand(self, job: str) -> bool:
        body, _ = hcl.parse(self.file.read_text(encoding="utf-8"), self.file.name)
        [block] = [one for one in body.blocks_of("job") if one.labels[0] == job.partition("--")[0]]
        return not any("trigger" in get.body.attributes for get in _gets(block.body))


def _gets(body: Body) -> Iterator[Block]:
    for item in body.items:
        if isinstance(item, Block):
            if item.type == "get":
                yield item
            yield from _gets(item.body)


def _differences(step: Step, build: Mapping[str, Any]) -> Iterator[str]:
    """What is not as the step is said to be, looking at its last try."""
    named = [one for one in build["steps"] if (one["kind"], one["name"]) == (step.kind, step.name)]
    if not named and step.status != "absent":
        there = ", ".join(f"{one['kind']} {one['name']}" for one in build["steps"])
        yield f"no {step.kind} {step.name}, but {there}"
    for one in named[-1:]:
        if one["status"] != step.status or not all(text in one["reason"] for text in step.texts):
            yield f"{step.kind} {step.name} is {one['status']}: {one['reason']}"
