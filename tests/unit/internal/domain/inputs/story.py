"""Writes a pipeline's history and a job's gets as short text, so that a table of cases can be read.

code: c1 c2 !c3                       versions in check order, ! = disabled
unit#1 code=c1 -> image=i1            build 1 of unit took in c1 and put out i1
unit#2 code=c1 retry 1                a retry of build 1
unit#3 code=c2 failed                 counts as a use, but passes nothing on
me#9 other@code=c1 from unit#1        a build of job `me`, whose get `other` of `code` came through unit#1

code passed unit lint trigger every   a get; `other@code` names it otherwise; `pin c2` and `pin !c3` pin it
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pikoci.internal.domain.inputs import Get, Pin, Resolution
from tests.unit.internal.domain.inputs.memory import MemoryHistory, PastBuild

JOB = "me"

FOUR_UNIT = """
    code: c1 c2 c3 c4
    unit#1 code=c1
    unit#2 code=c2
    unit#3 code=c3
    unit#4 code=c4
"""
PAIRED = """
    code: c1 c2 c3 c4
    docs: d1 d2 d3 d4
    unit#1 code=c1
    unit#2 code=c2
    unit#3 code=c3
    unit#4 code=c4
    lint#5 docs=d1
    lint#6 docs=d2
    lint#7 docs=d3
    lint#8 docs=d4
"""


class Story:
    """A history and the names of its versions."""

    def __init__(self, text: str) -> None:
        self.history = MemoryHistory()
        self._ids: dict[str, int] = {}
        self.tell(text)

    def tell(self, text: str) -> None:
        """Adds more lines to the history."""
        for line in filter(None, (line.strip() for line in text.splitlines())):
            resource, colon, versions = line.partition(":")
            if not colon:
                self.history.add_build(self._build(line))
                continue
            for name in versions.split():
                self.history.add_version(resource, self.version(name.lstrip("!")))
                if name.startswith("!"):
                    self.history.disable(self.version(name[1:]))

    def version(self, name: str) -> int:
        return self._ids.setdefault(name, 1000 + len(self._ids))

    def get(self, text: str) -> Get:
        words = re.split(r"\b(passed|pin|trigger|every|latest)\b", text)
        name, _, resource = words[0].strip().rpartition("@")
        parts = {key: value.split() for key, value in zip(words[1::2], words[2::2], strict=True)}
        pin = parts.get("pin")
        return Get(
            name=name or resource,
            resource=resource,
            passed=tuple(parts.get("passed", ())),
            trigger="trigger" in parts,
            version="every" if "every" in parts else "latest" if "latest" in parts else None,
            pin=self._pin(pin[0]) if pin else None,
        )

    def shown(self, resolution: Resolution) -> str:
        """What was chosen, as `get=version`, in the order of names."""
        return self.shown_set({name: given.version for name, given in resolution.inputs.items()})

    def shown_set(self, versions: Mapping[str, int]) -> str:
        names = {number: name for name, number in self._ids.items()}
        return " ".join(f"{get}={names[version]}" for get, version in sorted(versions.items()))

    def _pin(self, name: str) -> Pin:
        known = name.lstrip("!") in self._ids
        return Pin(name.lstrip("!"), self._ids[name.lstrip("!")] if known else None, enabled=not name.startswith("!"))

    def _build(self, line: str) -> PastBuild:
        head, *words = line.split()
        job, number = head.split("#")
        parts: dict[str, list[str]] = {"took": [], "->": [], "from": [], "retry": [], "failed": []}
        section = "took"
        for word in words:
            if word in parts:
                section = word
                parts[section].append("")
            else:
                parts[section].append(word)
        took = {}
        for word in filter(None, parts["took"]):
            get, version = word.split("=")
            name, _, resource = get.rpartition("@")
            took[name or resource] = (resource, self.version(version))
        put = [word.split("=") for word in filter(None, parts["->"])]
        return PastBuild(
            id=int(number),
            job=job,
            took=took,
            put=tuple((resource, self.version(version)) for resource, version in put),
            succeeded=not parts["failed"],
            retry_of=int(parts["retry"][1]) if parts["retry"] else None,
            upstream={u.split("#")[0]: int(u.split("#")[1]) for u in filter(None, parts["from"])},
        )
