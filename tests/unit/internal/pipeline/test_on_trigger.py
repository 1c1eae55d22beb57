"""The `on_trigger` block of a job in a file."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.plan import NotifyStep
from pikoci.internal.pipeline import diff
from tests.unit.internal.pipeline.loading import TRIGGER, Finding, find, job_of, spec_of, warnings_of

SLACK = 'notification "slack" "n" {\n  params { webhook_url = "https://hooks.example.com/services/x" }\n}\n'
GET = '  get "trigger" "go" { trigger = true }\n'
BLOCK = '  on_trigger {\n    notify "slack" "n" { message = "hi" }\n  }\n'


def job(*parts: str) -> str:
    """A pipeline with a job of these parts, which begin in line 6."""
    return f'{TRIGGER}{SLACK}job "j" {{\n{"".join(parts)}}}\n'


def test_messages_are_kept_apart_from_the_steps() -> None:
    plan = job_of(job(BLOCK, GET))
    assert plan.on_trigger == [NotifyStep(id="on_trigger/1", name="n", notification="slack.n", message="hi")]
    assert [step.id for step in plan.steps] == ["1"]


def test_a_job_that_no_version_triggers_is_warned_of() -> None:
    detail = "No get of the job has trigger = true, so that no version makes builds of it."
    assert warnings_of(job(BLOCK)) == [Finding(6, 3, "The on_trigger has no effect", detail)]
    assert warnings_of(job(BLOCK, GET)) == []


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (
            "  on_trigger {}\n",
            Finding(6, 3, "The on_trigger is empty", hint="put a notify into it, or take it out"),
        ),
        (BLOCK.replace('"n"', '"m"'), Finding(7, 12, 'Unknown notification "slack.m"', any_text=True)),
        (BLOCK + BLOCK, Finding(9, 3, 'A second "on_trigger" block', any_text=True)),
        (BLOCK.replace("notify", "put"), Finding(7, 5, 'Unknown block "put" in on_trigger', any_text=True)),
    ],
)
def test_mistakes_are_found_at_their_place(block: str, wanted: Finding) -> None:
    assert find(job(block, GET)) == [wanted]


def test_changes_are_told() -> None:
    [change] = diff(spec_of(job(GET)), spec_of(job(BLOCK, GET)))
    assert (change.what, [one.path for one in change.details]) == ("job", ["on_trigger"])
