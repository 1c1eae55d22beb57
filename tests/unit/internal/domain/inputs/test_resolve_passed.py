"""Gets with `passed`. Most kinds of cases are those that Concourse publishes, told in our words."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import resolve
from tests.unit.internal.domain.inputs.story import FOUR_UNIT, JOB, PAIRED, Story

# (what it shows, history, gets, the versions chosen)
CASES = [
    ("the newest version that passed is taken", FOUR_UNIT, ["code passed unit"], "code=c4"),
    ("versions that did not pass are not", "code: c1 c2\nunit#1 code=c1", ["code passed unit"], "code=c1"),
    (
        "a failed build passes nothing",
        "code: c1 c2\nunit#1 code=c1\nunit#2 code=c2 failed",
        ["code passed unit"],
        "code=c1",
    ),
    ("what a put made has passed", "image: i1\nunit#1 code=c1 -> image=i1", ["image passed unit"], "image=i1"),
    (
        "what was put out comes before what was taken in",
        "rel: r1 r2\nunit#1 rel=r1 -> rel=r2",
        ["rel passed unit"],
        "rel=r2",
    ),
    (
        "fan-in waits for the slower job",
        "code: c1 c2\nunit#1 code=c1\nlint#2 code=c1\nunit#3 code=c2",
        ["code passed unit lint"],
        "code=c1",
    ),
    (
        "fan-in takes the newest once both have it, through different builds",
        "code: c1 c2\nunit#1 code=c1\nlint#2 code=c1\nunit#3 code=c2\nlint#4 code=c2",
        ["code passed unit lint"],
        "code=c2",
    ),
    (
        "the build order of upstream jobs may differ",
        "code: c1 c2\nunit#1 code=c1\nunit#2 code=c2\nlint#3 code=c2\nlint#4 code=c1",
        ["code passed unit lint"],
        "code=c2",
    ),
    (
        "resources of one build stay together",
        "code: c1\ndocs: d1\nunit#1 code=c1 docs=d1",
        ["code passed unit", "docs passed unit"],
        "code=c1 docs=d1",
    ),
    (
        "a resource may skip a job, and still follows the build of the one it shares",
        """
        code: c1 c2
        docs: d1 d2
        unit#1 code=c1 docs=d1
        ship#3 code=c1
        unit#4 code=c2 docs=d2
        """,
        ["code passed unit ship", "docs passed unit"],
        "code=c1 docs=d1",
    ),
    (
        "only versions that went through both jobs together count",
        """
        code: c1 c2 c3 c4
        docs: d1 d2 d3 d4
        unit#1 code=c1 docs=d1
        lint#2 code=c1 docs=d1
        unit#3 code=c3 docs=d3
        lint#4 code=c3 docs=d3
        unit#5 code=c2 docs=d4
        lint#6 code=c4 docs=d4
        lint#7 code=c4 docs=d2
        """,
        ["code passed unit lint", "docs passed unit lint"],
        "code=c3 docs=d3",
    ),
    (
        "gets of one resource through different jobs may differ",
        "code: c1 c2\nunit#1 code=c1\nlint#2 code=c1\nlint#3 code=c2",
        ["a@code passed unit", "b@code passed lint"],
        "a=c1 b=c2",
    ),
    (
        "gets of one resource through one build may take what it took in or put out",
        "code: c1 c2\nunit#1 code=c1 -> code=c2\nlint#2 code=c1",
        ["a@code passed unit", "b@code passed unit lint"],
        "a=c2 b=c1",
    ),
    (
        "a version that went in has passed, though another came out",
        "code: c1 c2\nlint#1 code=c1\nunit#2 code=c1 -> code=c2",
        ["code passed lint unit"],
        "code=c1",
    ),
    (
        "two chains meet at the job they share",
        "code: c1\ndocs: d1\nboth#1 code=c1 docs=d1\nunit#2 code=c1\nlint#3 docs=d1",
        ["code passed both unit", "docs passed both lint"],
        "code=c1 docs=d1",
    ),
    (
        "a newer shared build that one chain has not caught up with is passed over",
        """
        code: c1 c2
        docs: d1 d2
        both#1 code=c1 docs=d1
        unit#2 code=c1
        lint#3 docs=d1
        both#4 code=c2 docs=d2
        unit#5 code=c2
        """,
        ["code passed both unit", "docs passed both lint"],
        "code=c1 docs=d1",
    ),
    (
        "gets with and without passed stand side by side",
        "code: c1 c2 c3\ndocs: d1 d2\nunit#1 code=c1 docs=d1",
        ["code passed unit", "bare@code", "docs"],
        "bare=c3 code=c1 docs=d2",
    ),
    (
        "going back several builds finds the set",
        PAIRED + "both#9 code=c1 docs=d1\nboth#10 code=c4 docs=d9\nboth#11 code=c9 docs=d4",
        ["code passed both unit", "docs passed both lint"],
        "code=c1 docs=d1",
    ),
    (
        "the first choice is taken back when a later get can't follow",
        "code: c1 c2\ndocs: d1\nunit#1 code=c1\nunit#2 code=c2\nboth#3 code=c1 docs=d1\nlint#4 docs=d1",
        ["code passed unit both", "docs passed both lint"],
        "code=c1 docs=d1",
    ),
    (
        "one get can tie two others together",
        """
        code: c1 c2
        docs: d1 d2
        big: b1 b2
        unit#1 code=c1
        unit#2 code=c2
        lint#3 docs=d1
        lint#4 docs=d2
        unit#5 code=c1 big=b1
        lint#6 docs=d1 big=b1
        lint#7 docs=d2
        """,
        ["code passed unit", "docs passed lint", "big passed unit lint"],
        "big=b1 code=c1 docs=d1",
    ),
    (
        "a build that lacks one of the resources can't stand for both",
        "code: c1 c2\ndocs: d1\nunit#1 code=c1 docs=d1\nunit#2 code=c2",
        ["code passed unit", "docs passed unit"],
        "code=c1 docs=d1",
    ),
    (
        "many upstream jobs agree on one version",
        "code: c1 c2 c3\n"
        + "\n".join(f"j{n}#{n} code=c1\nj{n}#{n + 50} code=c2" for n in range(1, 30))
        + "\nj7#99 code=c3",
        ["code passed " + " ".join(f"j{n}" for n in range(1, 30))],
        "code=c2",
    ),
    ("the same job named twice is one", FOUR_UNIT, ["code passed unit unit"], "code=c4"),
    (
        "an identical version taken in and put out is one",
        "code: c1\nunit#1 code=c1 -> code=c1",
        ["code passed unit"],
        "code=c1",
    ),
    (
        "a disabled version has not passed",
        "code: c1 !c2\nunit#1 code=c1\nunit#2 code=c2",
        ["code passed unit"],
        "code=c1",
    ),
    (
        "a disabled version leaves the others of its build usable",
        "code: !c1 c2\nunit#1 code=c1\nunit#2 code=c2 -> code=c1",
        ["code passed unit"],
        "code=c2",
    ),
    (
        "a build with one disabled version can't stand for a set",
        "code: c1 c2\ndocs: d1 !d2\nunit#1 code=c1 docs=d1\nunit#2 code=c2 docs=d2",
        ["code passed unit", "docs passed unit"],
        "code=c1 docs=d1",
    ),
    ("a deleted version is not chosen", "code: c1\nunit#1 code=c1\nunit#2 code=gone", ["code passed unit"], "code=c1"),
    (
        "a build with one deleted version can't stand for a set",
        "code: c1 c2\ndocs: d1\nunit#1 code=c1 docs=d1\nunit#2 code=c2 docs=gone",
        ["code passed unit", "docs passed unit"],
        "code=c1 docs=d1",
    ),
    (
        "a retry does not make its versions the newest",
        FOUR_UNIT + "unit#5 code=c2 retry 2",
        ["code passed unit"],
        "code=c4",
    ),
    (
        "retries in several jobs don't either",
        FOUR_UNIT + "unit#5 code=c2 retry 2\nlint#6 code=c2\nlint#7 code=c4\nlint#8 code=c2 retry 6",
        ["code passed unit lint"],
        "code=c4",
    ),
    ("a retry of the newest is the newest", FOUR_UNIT + "unit#5 code=c4 retry 4", ["code passed unit"], "code=c4"),
    (
        "a retry that succeeds where the build failed passes its version",
        "code: c1 c2\nunit#1 code=c1\nunit#2 code=c2 failed\nunit#3 code=c2 retry 2",
        ["code passed unit"],
        "code=c2",
    ),
    (
        "every is not moved back by a retry",
        FOUR_UNIT + "unit#5 code=c2 retry 2\nme#9 code=c4 from unit#4",
        ["code passed unit every"],
        "code=c4",
    ),
]


@pytest.mark.parametrize(("history", "gets", "expected"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_resolves(history: str, gets: list[str], expected: str) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert resolution.reasons == {}
    assert story.shown(resolution) == expected
