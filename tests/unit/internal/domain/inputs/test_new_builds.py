"""Which builds a job needs now."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.inputs import new_builds, resolve
from tests.unit.internal.domain.inputs.story import JOB, Story

# (what it shows, history, gets, the sets to build)
CASES = [
    ("the first version found starts a build", "code: c1", ["code trigger"], ["code=c1"]),
    ("a job that never ran starts at the newest", "code: c1 c2 c3", ["code trigger"], ["code=c3"]),
    ("nothing new, nothing to build", "code: c1\nme#1 code=c1", ["code trigger"], []),
    ("each new version has a build", "code: c1 c2 c3\nme#1 code=c1", ["code trigger"], ["code=c2", "code=c3"]),
    ("latest builds the newest alone", "code: c1 c2 c3\nme#1 code=c1", ["code trigger latest"], ["code=c3"]),
    ("disabled versions have none", "code: c1 !c2 c3\nme#1 code=c1", ["code trigger"], ["code=c3"]),
    ("a failed build is not repeated", "code: c1\nme#1 code=c1 failed", ["code trigger"], []),
    ("without a trigger nothing starts", "code: c1 c2\nme#1 code=c1", ["code"], []),
    ("every alone is no trigger", "code: c1 c2\nme#1 code=c1", ["code every"], []),
    ("a job without gets never starts by itself", "code: c1", [], []),
    (
        "a change of a get that doesn't trigger starts nothing",
        "code: c1\ndocs: d1 d2\nme#1 code=c1 docs=d1",
        ["code trigger", "docs"],
        [],
    ),
    (
        "but goes along with the next build",
        "code: c1 c2\ndocs: d1 d2\nme#1 code=c1 docs=d1",
        ["code trigger", "docs"],
        ["code=c2 docs=d2"],
    ),
    ("no build while another get has no version", "code: c1", ["code trigger", "docs"], []),
    (
        "two triggers advance together",
        "code: c1 c2 c3 c4\ndocs: d1 d2 d3\nme#1 code=c1 docs=d1",
        ["code trigger", "docs trigger"],
        ["code=c2 docs=d2", "code=c3 docs=d3", "code=c4 docs=d3"],
    ),
    (
        "a version used under another name is new to this get",
        "code: c1\nme#1 other@code=c1",
        ["code trigger"],
        ["code=c1"],
    ),
    ("a version used by another job is new to this one", "code: c1\nunit#1 code=c1", ["code trigger"], ["code=c1"]),
    ("a put of this job makes no version used", "code: c1 c2\nme#1 code=c1 -> code=c2", ["code trigger"], ["code=c2"]),
    (
        "with passed, the newest set alone",
        "code: c1 c2 c3\nunit#1 code=c1\nunit#2 code=c2\nunit#3 code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit trigger"],
        ["code=c3"],
    ),
    (
        "with passed and every, each set in turn",
        "code: c1 c2 c3\nunit#1 code=c1\nunit#2 code=c2\nunit#3 code=c3\nme#9 code=c1 from unit#1",
        ["code passed unit trigger every"],
        ["code=c2", "code=c3"],
    ),
    ("not yet passed, not yet built", "code: c1", ["code passed unit trigger"], []),
    (
        "an older version that passes late is no reason to go back",
        "code: c1 c2\nunit#1 code=c2\nunit#2 code=c2\nme#9 code=c2 from unit#1",
        ["code passed unit trigger"],
        [],
    ),
    (
        "with every, an older version that passes late has its build",
        "code: c1 c2\nunit#1 code=c2\nunit#2 code=c1\nme#9 code=c2 from unit#1",
        ["code passed unit trigger every"],
        ["code=c1"],
    ),
    (
        "a retry upstream starts nothing",
        "code: c1 c2\nunit#1 code=c1\nunit#2 code=c2\nunit#3 code=c1 retry 1\nme#9 code=c2 from unit#2",
        ["code passed unit trigger"],
        [],
    ),
    (
        "a used version built again upstream starts nothing",
        "code: c1\nunit#1 code=c1\nunit#2 code=c1\nme#9 code=c1 from unit#1",
        ["code passed unit trigger every"],
        [],
    ),
    (
        "disabling the newest doesn't build the one before again",
        "code: c1 !c2\nme#1 code=c1\nme#2 code=c2",
        ["code trigger"],
        [],
    ),
    ("unpinning goes on where every was", "code: c1 c2 c3\nme#1 code=c2\nme#2 code=c1", ["code trigger"], ["code=c3"]),
    ("a new pin is built once", "code: c1 c2 c3\nme#1 code=c3", ["code trigger pin c2"], ["code=c2"]),
    ("a pin that was built is not built again", "code: c1 c2 c3\nme#1 code=c2", ["code trigger pin c2"], []),
    (
        "a set that differs in a trigger through passed is new",
        "code: c1 c2\ndocs: d1\nunit#1 code=c1 docs=d1\nunit#2 code=c2 docs=d1\nme#9 code=c1 docs=d1 from unit#1",
        ["code passed unit trigger", "docs passed unit"],
        ["code=c2 docs=d1"],
    ),
    (
        "a set that differs elsewhere only is not",
        "code: c1\ndocs: d1 d2\nunit#1 code=c1 docs=d1\nunit#2 code=c1 docs=d2\nme#9 code=c1 docs=d1 from unit#1",
        ["code passed unit trigger", "docs passed unit"],
        [],
    ),
]


@pytest.mark.parametrize(("history", "gets", "sets"), [pytest.param(*c[1:], id=c[0]) for c in CASES])
def test_starts_the_builds_that_are_needed(history: str, gets: list[str], sets: list[str]) -> None:
    story = Story(history)

    found = new_builds(JOB, [story.get(g) for g in gets], story.history)

    assert [story.shown_set({name: given.version for name, given in s.items()}) for s in found] == sets


def test_asking_again_after_storing_the_sets_starts_nothing() -> None:
    story = Story("code: c1 c2 c3\nunit#1 code=c1\nunit#2 code=c2\nme#9 code=c1 from unit#1")
    gets = [story.get("code passed unit trigger every")]
    assert len(new_builds(JOB, gets, story.history)) == 1

    story.tell("me#10 code=c2 from unit#2")

    assert new_builds(JOB, gets, story.history) == []


def test_a_flood_of_versions_comes_in_portions() -> None:
    story = Story("code: " + " ".join(f"c{n}" for n in range(251)) + "\nme#1 code=c0")
    gets = [story.get("code trigger")]
    number, portions = 1, []

    while found := new_builds(JOB, gets, story.history, limit=100):
        portions.append(len(found))
        for _ in found:
            story.tell(f"me#{number + 1} code=c{number}")
            number += 1

    assert portions == [100, 100, 50]


def test_the_answer_names_the_upstream_builds_and_what_is_new() -> None:
    story = Story("code: c1 c2\ndocs: d1\nunit#4 code=c2\nlint#7 code=c2 docs=d1\nme#9 docs=d1")
    gets = [story.get("code passed unit lint trigger"), story.get("docs passed lint")]

    inputs = resolve(JOB, gets, story.history).inputs

    assert inputs["code"].upstream == {"unit": 4, "lint": 7}
    assert inputs["docs"].upstream == {"lint": 7}
    assert inputs["code"].first
    assert not inputs["docs"].first


def test_two_gets_of_one_name_are_refused() -> None:
    story = Story("code: c1")
    with pytest.raises(ValueError, match="two gets of job me have the same name"):
        resolve(JOB, [story.get("code"), story.get("code")], story.history)
