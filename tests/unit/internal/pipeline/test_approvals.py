"""The `approve` blocks of jobs."""

from textwrap import indent

import pytest

from pikoci.internal.domain.approval import Approval
from pikoci.internal.domain.plan import NotifyStep, PipelineSpec, decode_spec, encode_spec
from pikoci.internal.pipeline.diff import diff
from tests.unit.internal.pipeline.loading import find, job, job_of, run, spec_of

NOTIFICATIONS = """
notification "slack" "team" {
  params { webhook_url = "https://chat.example.com" }
}
notification_type "mail" {
  notify "shell" { cmd = "true" }
}
notification "mail" "all" {}
"""


def block(label: str = "release", **attributes: str) -> str:
    lines = "".join(f"  {key} = {value}\n" for key, value in attributes.items())
    return indent(f'approve "{label}" {{\n{lines}}}', "  ")


def telling(*messages: str, label: str = "release") -> str:
    return f'  approve "{label}" {{\n' + "".join(f"    {message}\n" for message in messages) + "  }"


def test_they_are_read_in_order() -> None:
    text = job("\n".join([block("release", approvals="2", timeout='"36h"'), block("legal and tax")]))
    assert job_of(text).approvals == [
        Approval(label="release", approvals=2, timeout=36 * 3600.0),
        Approval(label="legal and tax"),
    ]


def test_they_may_use_variables_and_each() -> None:
    text = 'variable "two" { default = 2 }\n' + job(
        block(approvals="each.key == 'prod' ? var.two : 1".replace("'", '"')) + '\n  for_each = toset(["dev", "prod"])'
    )
    assert [one.approvals for one in spec_of(text).jobs] == [
        [Approval(label="release")],
        [Approval(label="release", approvals=2)],
    ]


def test_a_plan_of_the_release_before_asks_for_none() -> None:
    spec = decode_spec(b'{"jobs":[{"name":"j"}]}')
    assert spec.jobs[0].approvals == []
    assert encode_spec(spec) == encode_spec(PipelineSpec(jobs=spec.jobs))
    assert b"approvals" not in encode_spec(spec)


@pytest.mark.parametrize(
    ("text", "summary", "line"),
    [
        (block(approvals="0"), 'Wrong value for "approvals"', 3),
        (block(approvals='"two"'), 'Wrong value for "approvals"', 3),
        (block(timeout='"soon"'), 'Wrong value for "timeout"', 3),
        (block(people='["a"]'), 'Unknown argument "people" in approve', 3),
        ("  approve {}", 'Wrong number of labels for "approve"', 2),
        ('  approve "a/b" {}', 'Invalid name "a/b"', 2),
        (f"{block()}\n{block()}", 'Duplicate approve "release" in the job "j"', 4),
        ("\n".join(block(str(number)) for number in range(21)), "The job has more than 20 approve blocks", 42),
        (telling('notify "slack" "tean" {}'), 'Unknown notification "slack.tean"', 3),
        (telling('notify "slack" {}'), 'Wrong number of labels for "notify"', 3),
        (telling('notify "slack" "team" {\n message = ["a"]\n }'), 'Wrong value for "message"', 4),
        (
            telling(*['notify "slack" "team" {}'] * 51),
            "The approve blocks of the job have more than 50 notify blocks",
            53,
        ),
        (telling('task "t" {}'), 'Unknown block "task" in approve', 3),
    ],
)
def test_mistakes_are_found_at_their_place(text: str, summary: str, line: int) -> None:
    assert (summary, line) in [(one.summary, one.line) for one in find(job(text))]


def test_a_duplicate_says_where_the_first_is_and_what_to_do() -> None:
    (found,) = run(job(f"{block()}\n{block()}")).diagnostics
    assert (found.detail, found.hint) == (
        "The first is on line 2.",
        "give one of them another label, or ask for more approvals in one",
    )


def test_messages_are_read_by_label_with_what_they_say() -> None:
    mail = 'notify "mail" "all" {\n message = "look at $BUILD_URL"\n color = "red"\n }'
    plan = job_of(
        NOTIFICATIONS
        + job("\n".join([telling('notify "slack" "team" {}', mail), block("legal"), telling(mail, label="ops")]))
    )
    assert plan.announcements == {
        "release": [
            NotifyStep(id="approve/1/1", name="team", notification="slack.team"),
            NotifyStep(
                id="approve/1/2",
                name="all",
                notification="mail.all",
                message="look at $BUILD_URL",
                params={"color": "red"},
            ),
        ],
        "ops": [
            NotifyStep(
                id="approve/3/1",
                name="all",
                notification="mail.all",
                message="look at $BUILD_URL",
                params={"color": "red"},
            )
        ],
    }


def test_a_misspelt_notification_gets_a_hint_and_a_value_without_effect_a_warning() -> None:
    found = {one.summary: one for one in run(NOTIFICATIONS + job(telling('notify "slack" "tean" {}'))).diagnostics}
    assert found['Unknown notification "slack.tean"'].hint == 'did you mean "slack.team"?'
    (warned,) = run(NOTIFICATIONS + job(telling('notify "slack" "team" {\n color = "red"\n }'))).diagnostics
    assert (warned.summary, warned.severity) == ('The value "color" has no effect', "warning")


def test_a_plan_says_what_changes_about_them() -> None:
    old, new = (
        spec_of(NOTIFICATIONS + job(telling(f'notify "slack" "team" {{ message = "{text}" }}'))) for text in ("a", "b")
    )
    (change,) = diff(old, new)
    assert [(one.path, one.before, one.after) for one in change.details] == [
        ("announcements.release[notify team].message", "a", "b")
    ]
