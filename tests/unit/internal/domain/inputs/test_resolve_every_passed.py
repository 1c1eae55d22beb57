"""Gets with `every` and `passed`. Most kinds of cases are those that Concourse publishes, told in our words."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import resolve
from tests.unit.internal.domain.inputs.story import FOUR_UNIT, JOB, PAIRED, Story

# (what it shows, history, gets, the versions chosen)
CASES = [
    ("every with passed starts at the newest", FOUR_UNIT, ["code passed unit every"], "code=c4"),
    (
        "every with passed goes on build by build",
        FOUR_UNIT + "me#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c2",
    ),
    (
        "every with passed takes what passed, not what was checked",
        "code: c1 c2 c3 c4\nunit#1 code=c1\nunit#2 code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c3",
    ),
    (
        "every with passed stays at the end",
        FOUR_UNIT + "me#9 code=c4 from unit#4",
        ["code passed unit every"],
        "code=c4",
    ),
    (
        "every with passed needs a version common to all jobs",
        FOUR_UNIT + "lint#5 code=c1\nme#9 code=c1 from unit#1 lint#5",
        ["code passed unit lint every"],
        "code=c1",
    ),
    (
        "every starts at the newest common version",
        FOUR_UNIT + "lint#5 code=c1\nlint#6 code=c2",
        ["code passed unit lint every"],
        "code=c2",
    ),
    (
        "every with passed starts at the newest enabled",
        "code: c1 c2 !c3\nunit#1 code=c1\nunit#2 code=c2\nunit#3 code=c3",
        ["code passed unit every"],
        "code=c2",
    ),
    (
        "every with passed stays when all later are disabled",
        "code: c1 !c2 !c3\nunit#1 code=c1\nunit#2 code=c2\nunit#3 code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c1",
    ),
    (
        "every goes on from the newest version used, though an older one was built since",
        FOUR_UNIT + "me#7 code=c1 from unit#1\nme#8 code=c2 from unit#2\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c3",
    ),
    (
        "a passed that was added later starts at the newest",
        FOUR_UNIT + "me#9 code=c1",
        ["code passed unit every"],
        "code=c4",
    ),
    (
        "every steps over a shared build that lacks a resource",
        """
        code: c1 c2
        docs: d1
        both#1 code=c1
        both#2 code=c2 docs=d1
        unit#3 code=c1
        unit#4 code=c2
        me#9 code=c1 from both#1 unit#3
        """,
        ["code passed both unit every", "docs passed both every"],
        "code=c2 docs=d1",
    ),
    (
        "with every, a get that never ran follows the one that did",
        PAIRED
        + "both#9 code=c1 docs=d1\nboth#10 code=c1 docs=d2\nboth#11 code=c2 docs=d3\n"
        + "both#12 code=c2 docs=d4\nboth#13 code=c3 docs=d4\nme#99 code=c1 from unit#1",
        ["code passed unit both every", "docs passed both lint every"],
        "code=c2 docs=d4",
    ),
    (
        "every advances a set through the shared job",
        PAIRED
        + "both#9 code=c1 docs=d1\nboth#10 code=c4 docs=d2\nboth#11 code=c4 docs=d3\nboth#12 code=c4 docs=d4\n"
        + "me#99 code=c1 docs=d1 from unit#1 lint#5 both#9",
        ["code passed both unit every", "docs passed both lint every"],
        "code=c4 docs=d2",
    ),
    (
        "every advances a set past a disabled version",
        PAIRED.replace("d2 d3 d4", "!d2 d3 d4", 1)
        + "both#9 code=c1 docs=d1\nboth#10 code=c4 docs=d2\nboth#11 code=c4 docs=d3\nboth#12 code=c4 docs=d4\n"
        + "me#99 code=c1 docs=d1 from unit#1 lint#5 both#9",
        ["code passed both unit every", "docs passed both lint every"],
        "code=c4 docs=d3",
    ),
    (
        "every takes the earliest set when the last one was out of step",
        PAIRED
        + "both#9 code=c1 docs=d1\nboth#10 code=c2 docs=d2\nboth#11 code=c3 docs=d3\n"
        + "me#99 code=c1 docs=d2 from unit#1 lint#6",
        ["code passed unit both every", "docs passed lint both every"],
        "code=c2 docs=d2",
    ),
    (
        "the order of passed doesn't change that",
        PAIRED
        + "both#9 code=c1 docs=d1\nboth#10 code=c2 docs=d2\nboth#11 code=c3 docs=d3\n"
        + "me#99 code=c1 docs=d2 from unit#1 lint#6",
        ["code passed both unit every", "docs passed both lint every"],
        "code=c2 docs=d2",
    ),
    (
        "every skips a set that one job skipped",
        """
        code: c1 c2 c3
        docs: d1 d2 d3
        unit#2 code=c1
        unit#3 code=c2
        unit#4 code=c3
        lint#5 docs=d1
        lint#7 docs=d3
        both#8 code=c1 docs=d1
        both#9 code=c2 docs=d2
        both#10 code=c3 docs=d3
        me#99 code=c1 docs=d1 from unit#2 lint#5
        """,
        ["code passed unit both every", "docs passed lint both every"],
        "code=c3 docs=d3",
    ),
    (
        "every keeps the current set while one job has nothing newer",
        PAIRED.replace("lint#6 docs=d2\n    lint#7 docs=d3\n    lint#8 docs=d4", "")
        + "both#9 code=c1 docs=d1\nboth#10 code=c2 docs=d2\nboth#11 code=c3 docs=d3\n"
        + "me#99 code=c1 docs=d1 from unit#1 lint#5",
        ["code passed unit both every", "docs passed lint both every"],
        "code=c1 docs=d1",
    ),
    (
        "every goes back to an older set when only that one satisfies",
        PAIRED + "both#9 code=c1 docs=d1\nme#99 code=c2 docs=d2 from unit#2 lint#6",
        ["code passed unit both every", "docs passed lint both every"],
        "code=c1 docs=d1",
    ),
    (
        "every through two jobs advances when both have it",
        """
        docs: d1 d2 d3
        code: c1 c2
        unit#1 docs=d1
        unit#2 docs=d2
        lint#4 docs=d1
        lint#5 docs=d2
        lint#6 docs=d3
        ship#7 code=c1
        ship#8 code=c2
        me#99 code=c1 docs=d1 from unit#1 lint#4 ship#7
        """,
        ["code passed ship every", "docs passed unit lint every"],
        "code=c2 docs=d2",
    ),
    (
        "every with and without passed stand side by side",
        "code: c1\ndocs: d1 d2 d3\nunit#1 code=c1\nme#99 code=c1 docs=d1 from unit#1",
        ["code passed unit every", "docs every"],
        "code=c1 docs=d2",
    ),
    (
        "a used version built again upstream doesn't hold up those behind it",
        "code: c1 c2\nunit#1 code=c1\nunit#2 code=c1\nunit#3 code=c2\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c2",
    ),
    (
        "the newest set is used without every, whatever was built before",
        FOUR_UNIT + "me#9 code=c1 from unit#1",
        ["code passed unit"],
        "code=c4",
    ),
    (
        "every with passed starts at the first of those that the newest build put out",
        "code: c1 c2 c3\nunit#1 -> code=c1 code=c2 code=c3",
        ["code passed unit every"],
        "code=c1",
    ),
    (
        "every with passed takes each that a build put out",
        "code: c1 c2 c3\nunit#1 -> code=c1 code=c2 code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c2",
    ),
    (
        "every with passed leaves no version of a build for the next build's",
        "code: c1 c2 c3\nunit#1 -> code=c1 code=c2\nunit#2 -> code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit every"],
        "code=c2",
    ),
    (
        "every with passed takes no version that a build took in to put out another",
        "code: c1 c2 c3\nunit#1 code=c1 -> code=c2\nunit#2 code=c2 -> code=c3\nme#9 code=c2 from unit#1",
        ["code passed unit every"],
        "code=c3",
    ),
    (
        "without every the last of those that a build put out counts",
        "code: c1 c2 c3\nunit#1 -> code=c1 code=c2 code=c3",
        ["code passed unit"],
        "code=c3",
    ),
]


@pytest.mark.parametrize(("history", "gets", "expected"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_resolves(history: str, gets: list[str], expected: str) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert resolution.reasons == {}
    assert story.shown(resolution) == expected
