"""The rule as a table. Most kinds of cases are those that Concourse publishes for its algorithm, told in our words."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import resolve
from tests.unit.internal.domain.inputs.story import JOB, Story

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

# (what it shows, history, gets, the versions chosen)
RESOLVED = [
    # --- without passed
    ("the newest version is taken", "code: c1 c2 c3", ["code"], "code=c3"),
    ("check order counts, not the age of the record", "unit#1 code=c1\ncode: c2 c1", ["code"], "code=c1"),
    ("a disabled newest version is passed over", "code: c1 c2 !c3", ["code"], "code=c2"),
    ("a version disabled in the middle changes nothing", "code: c1 !c2 c3", ["code"], "code=c3"),
    ("two gets of one resource may share its newest", "code: c1 c2", ["a@code", "b@code"], "a=c2 b=c2"),
    ("a job without gets needs nothing", "code: c1", [], ""),
    ("builds of other jobs don't matter", "code: c1 c2\nunit#1 code=c1", ["code"], "code=c2"),
    ("latest on a trigger skips to the newest", "code: c1 c2 c3\nme#1 code=c1", ["code trigger latest"], "code=c3"),
    ("a get that is no trigger skips to the newest", "code: c1 c2 c3\nme#1 code=c1", ["code"], "code=c3"),
    # --- pins
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
    # --- every without passed
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
    # --- passed
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
    # --- disabled and deleted versions with passed
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
    # --- retries
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
    # --- every with passed
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
]


@pytest.mark.parametrize(("history", "gets", "expected"), [pytest.param(*c[1:], id=c[0]) for c in RESOLVED])
def test_resolves(history: str, gets: list[str], expected: str) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert resolution.reasons == {}
    assert story.shown(resolution) == expected


# (what it shows, history, gets, what is chosen all the same, the reasons)
REFUSED = [
    ("a resource without versions", "", ["code"], "", {"code": "code has no enabled version yet"}),
    (
        "a resource whose versions are all disabled",
        "code: !c1",
        ["code"],
        "",
        {"code": "code has no enabled version yet"},
    ),
    (
        "every without versions leaves the other get alone",
        "code: c1",
        ["code every", "docs every"],
        "code=c1",
        {"docs": "docs has no enabled version yet"},
    ),
    (
        "a pin that no check has found",
        "code: c1",
        ["code pin c7"],
        "",
        {"code": "the pinned version c7 of code has not been found by a check"},
    ),
    (
        "a pin that is disabled",
        "code: !c1 c2",
        ["code pin !c1"],
        "",
        {"code": "the pinned version c1 of code is disabled"},
    ),
    (
        "a pin with passed that is disabled",
        "code: !c1 c2\nunit#1 code=c1",
        ["code passed unit pin !c1"],
        "",
        {"code": "the pinned version c1 of code is disabled"},
    ),
    (
        "a pin with passed that no check has found",
        "code: c1\nunit#1 code=c1",
        ["code passed unit pin c7"],
        "",
        {"code": "the pinned version c7 of code has not been found by a check"},
    ),
    (
        "a pin that has not passed",
        "code: c1 c2\nunit#1 code=c1",
        ["code passed unit pin c2"],
        "",
        {"code": "the pinned version c2 of code has not passed job unit"},
    ),
    ("a job that never ran", "code: c1", ["code passed unit"], "", {"code": "no version of code has passed job unit"}),
    (
        "two jobs that never ran",
        "code: c1\nlint#1 code=c1",
        ["code passed unit lint ship"],
        "",
        {"code": "no version of code has passed jobs unit and ship"},
    ),
    (
        "many jobs that never ran",
        "code: c1",
        ["code passed " + " ".join(f"j{n}" for n in range(9))],
        "",
        {"code": "no version of code has passed jobs j0, j1, j2, j3, j4 and 4 more"},
    ),
    (
        "a job that only failed",
        "code: c1\nunit#1 code=c1 failed",
        ["code passed unit"],
        "",
        {"code": "no version of code has passed job unit"},
    ),
    (
        "a job that never had the resource",
        "code: c1\nunit#1 docs=d1",
        ["code passed unit"],
        "",
        {"code": "no version of code has passed job unit"},
    ),
    (
        "no version common to both jobs",
        "code: c1 c2\nunit#1 code=c1\nlint#2 code=c2",
        ["code passed unit lint"],
        "",
        {"code": "no single version of code has passed all of jobs unit and lint"},
    ),
    (
        "every with one job that never ran",
        FOUR_UNIT + "me#9 code=c1 from unit#1",
        ["code passed unit lint every"],
        "",
        {"code": "no version of code has passed job lint"},
    ),
    (
        "a get that is held up by the one it shares a job with",
        "code: c1\ndocs: d1\nunit#1 code=c1 docs=d1",
        ["code passed unit", "docs passed unit lint"],
        "",
        {
            "code": "its version must come through the same builds as docs, for which none fits",
            "docs": "no version of docs has passed job lint",
        },
    ),
    (
        "a shared version that one job has not reached",
        "code: c3\ndocs: d1 d2 d3\nboth#1 code=c3 docs=d3\nunit#2 docs=d1\nunit#3 docs=d2",
        ["code passed both", "docs passed both unit"],
        "",
        {
            "code": "its version must come through the same builds as docs, for which none fits",
            "docs": "no single version of docs has passed all of jobs both and unit",
        },
    ),
    (
        "versions that passed, but never together",
        "code: c1 c2\ndocs: d1 d2\nboth#1 code=c1 docs=d1\nlint#3 docs=d1\nboth#4 code=c2 docs=d2\nunit#5 code=c2",
        ["code passed both unit", "docs passed both lint"],
        "",
        dict.fromkeys(("code", "docs"), "no set of versions of code and docs has passed job both together"),
    ),
    (
        "a resource that never met the other in the job they share",
        "code: c1\ndocs: d1\nunit#1 code=c1\nunit#2 docs=d1",
        ["code passed unit", "docs passed unit"],
        "",
        dict.fromkeys(("code", "docs"), "no set of versions of code and docs has passed job unit together"),
    ),
    (
        "gets of other groups are resolved all the same",
        "code: c1\ndocs: d1\nimage: i1\nunit#1 code=c1",
        ["code passed unit", "docs passed lint", "image"],
        "code=c1 image=i1",
        {"docs": "no version of docs has passed job lint"},
    ),
]


@pytest.mark.parametrize(("history", "gets", "chosen", "reasons"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_tells_why_not(history: str, gets: list[str], chosen: str, reasons: dict[str, str]) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert not resolution.ok
    assert resolution.reasons == reasons
    assert story.shown(resolution) == chosen
