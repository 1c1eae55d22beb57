"""What is said where a get has no version."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import resolve
from tests.unit.internal.domain.inputs.story import FOUR_UNIT, JOB, Story

# (what it shows, history, gets, what is chosen all the same, the reasons)
CASES = [
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


@pytest.mark.parametrize(("history", "gets", "chosen", "reasons"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_tells_why_not(history: str, gets: list[str], chosen: str, reasons: dict[str, str]) -> None:
    story = Story(history)

    resolution = resolve(JOB, [story.get(g) for g in gets], story.history)

    assert not resolution.ok
    assert resolution.reasons == reasons
    assert story.shown(resolution) == chosen
