"""Names as people write them: `team/pipeline/job#number`, the front left out where it is plain. One form everywhere."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.names import ACCOUNT, BUILD_NUMBER_PATTERN, JOB, PIPELINE

Kind = Literal["pipeline", "job", "build"]

_FORMS = {"pipeline": "[TEAM/]PIPELINE", "job": "[[TEAM/]PIPELINE/]JOB", "build": "[[[TEAM/]PIPELINE/]JOB]#NUMBER"}
_EXAMPLES = {"pipeline": "main/app", "job": "main/app/test", "build": "main/app/test#3"}
_NUMBER = re.compile(BUILD_NUMBER_PATTERN, re.ASCII)


class Name(NamedTuple):
    """What a name says of a build, or of its job or pipeline; empty where it says nothing."""

    team: str = ""
    pipeline: str = ""
    job: str = ""
    number: str = ""


def full_name(*parts: str, number: str = "") -> str:
    """`main/app/test#3` of a build, `main/app/test` of a job, `main/app` of a pipeline."""
    path = "/".join(part for part in parts if part)
    return f"{path}#{number}" if number else path


def parse_name(text: str, kind: Kind) -> Name:
    """The parts of a name that stands for a thing of this kind; it may say more, such as the build of a job.

    A pipeline is `app`, `main/app`; a job `test`, `app/test`, `main/app/test`; a build `3`, `#3`, `test#3` and so on,
    or a job, whose newest build is meant then. Raises InvalidError for anything else.
    """
    if kind == "build" and _NUMBER.fullmatch(text):
        return Name(number=text)
    path, mark, number = text.partition("#")
    parts = path.split("/") if path else []
    known = len(parts) <= 3 and all(parts) and bool(parts or (mark and kind == "build"))
    if kind == "pipeline" and not mark and len(parts) < 3:
        parts.append("")  # the last one is not a job here
    team, pipeline, job = ["", "", "", *parts][-3:]
    name = Name(team, pipeline, job, number)
    if not known or (mark and not _NUMBER.fullmatch(number)) or not _allowed(name):
        raise InvalidError(
            f"{text[:80]!r} cannot name a {kind}", hint=f"write {_FORMS[kind]}, such as {_EXAMPLES[kind]}"
        )
    return name


def _allowed(name: Name) -> bool:
    rules = ((ACCOUNT, name.team), (PIPELINE, name.pipeline), (JOB, name.job))
    return all(rule.allows(part) for rule, part in rules if part)
