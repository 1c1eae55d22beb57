"""Gets without `passed`, and pins. Most kinds of cases are those that Concourse publishes, told in our words."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import resolve
from tests.unit.internal.domain.inputs.story import FOUR_UNIT, JOB, Story

# (what it shows, history, gets, the versions chosen)
CASES = [
    ("the newest version is taken", "code: c1 c2 c3", ["code"], "code=c3"),
    ("check order counts, not the age of the record", "unit#1 code=c1\ncode: c2 c1", ["code"], "code=c1"),
    ("a disabled newest version is passed over", "code: c1 c2 !c3", ["code"], "code=c2"),
    ("a version disabled in the middle changes nothing", "code: c1 !c2 c3", ["code"], "code=c3"),
    ("two gets of one resource may share its newest", "code: c1 c2", ["a@code", "b@code"], "a=c2 b=c2"),
    ("a job without gets needs nothing", "code: c1", [], ""),
    ("builds of other jobs don't matter", "code: c1 c2\nunit#1 code=c1", ["code"], "code=c2"),
    ("latest on a trigger skips to the newest", "code: c1 c2 c3\nme#1 code=c1", ["code trigger latest"], "code=c3"),
    ("a get that is no trigger skips to the newest", "code: c1 c2 c3\nme#1 code=c1", ["code"], "code=c3"),
    ("a pin wins over newer versions", "code: c1 c2 c3", ["code pin c2"], "code=c2"),
    ("a pin wins over every", "code: c1 c2 c3\nme#1 code=c1", ["code every pin c1"], "code=c1"),
    ("a pin with passed takes the build that held it", FOUR_UNIT, ["code passed unit pin c2"], "code=c2"),
    (
        "two pins with passed find the build that held both",
        """
        code: c1 c2
        docs: d1 d2
        unit#1 code=c1 docs=d1
        unit#2 code=c1 docs=d2
        unit#3 code=c2 docs=d1
        unit#4 code=c2 docs=d2
        """,
        ["code passed unit pin c2", "docs passed unit pin d1"],
        "code=c2 docs=d1",
    ),
    (
        "a pin draws the other get to its build",
        "code: c1 c2\ndocs: d1 d2\nunit#1 code=c1 docs=d1\nunit#2 code=c2 docs=d2",
        ["docs passed unit", "code passed unit pin c1"],
        "code=c1 docs=d1",
    ),
    ("every goes on after the last version used", "code: c1 c2 c3 c4\nme#4 code=c1", ["code every"], "code=c2"),
    ("every passes over a disabled next version", "code: c1 !c2 c3 c4\nme#4 code=c1", ["code every"], "code=c3"),
    ("every stays when all later are disabled", "code: c1 c2 c3 !c4\nme#4 code=c3", ["code every"], "code=c3"),
    ("every falls back when its own is disabled too", "code: c1 c2 !c3 !c4\nme#4 code=c3", ["code every"], "code=c2"),
    ("every starts at the newest when the job never ran", "code: c1 c2", ["code every"], "code=c2"),
    ("every starts at the newest enabled one", "code: c1 !c2", ["code every"], "code=c1"),
    (
        "each get with every goes on from its own place",
        "code: c1 c2 c3\ndocs: d1 d2 d3\nme#4 code=c1",
        ["code every", "docs every"],
        "code=c2 docs=d3",
    ),
    ("every looks at its own resource only", "code: c1\ndocs: d1 d2\nme#1 code=c1", ["code every"], "code=c1"),
    (
        "every goes on after the newest version used, not the last build",
        "code: c1 c2 c3 c4\nme#1 code=c1\nme#2 code=c2\nme#3 code=c1",
        ["code every"],
        "code=c3",
    ),
    (
        "what another job used doesn't move every",
        "code: c1 c2 c3 c4 c5\nme#1 code=c1\nme#2 code=c2\nunit#4 code=c4",
        ["code every"],
        "code=c3",
    ),
    ("a failed build has used its version", "code: c1 c2 c3\nme#1 code=c2 failed", ["code every"], "code=c3"),
    ("a trigger on a bare resource means every", "code: c1 c2 c3\nme#1 code=c1", ["code trigger"], "code=c2"),
    (
        "every keeps a place of its own beside another get of the resource",
        "code: c1 c2 c3 c4\nme#1 a@code=c1 b@code=c4",
        ["a@code every", "b@code"],
        "a=c2 b=c4",
    ),
]


@pytest.mark.parametrize(("history", "gets", "expected"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_resolves(history: str, gets: list[str], expected: str) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert resolution.reasons == {}
    assert story.shown(resolution) == expected
