"""Notifications and their types in a file, and the steps that send them."""

import pytest

from pikoci.internal.domain.plan import Command, Notification, NotificationType, NotifyStep
from pikoci.internal.pipeline import diff
from tests.unit.internal.pipeline.loading import Finding, find, job_of, spec_of, warnings_of

TYPE = 'notification_type "own" {\n  params = ["to"]\n  notify "shell" { cmd = "send" }\n}\n'
OWN = TYPE + 'notification "own" "n" {\n  params { to = "them" }\n}\n'
SLACK = (
    'notification "slack" "n" {\n  params { webhook_url = "https://hooks.example.com/services/T00/B00/abcdefghijkl" }\n'
)
JOB = 'job "j" {}\n'


def test_a_type_of_the_file_and_what_is_sent_with_it() -> None:
    spec = spec_of(
        OWN.replace("\n}\n", '\n  on = ["failure", "failure"]\n  message = "at $BUILD_URL"\n}\n').replace(
            'cmd = "send" }\n  on = ["failure", "failure"]\n  message = "at $BUILD_URL"\n', 'cmd = "send" }\n'
        )
        + JOB
    )
    assert spec.notification_types == [
        NotificationType(name="own", notify=Command(runner="shell", params={"cmd": "send"}))
    ]
    assert spec.notifications == [
        Notification(type="own", name="n", params={"to": "them"}, message="at $BUILD_URL", on=["failure"])
    ]


def test_a_step_says_what_and_how() -> None:
    text = OWN + (
        'job "j" {\n  notify "own" "n" {\n    message = "hi $GET_A_B"\n    color = "red"\n'
        '    timeout = "5s"\n    attempts = 2\n'
        '    on_failure "shell" { cmd = "x" }\n  }\n  ensure {\n    notify "own" "n" {}\n  }\n}'
    )
    plan = job_of(text)
    step = plan.steps[0]
    assert isinstance(step, NotifyStep)
    assert (step.id, step.name, step.notification, step.message) == ("1", "n", "own.n", "hi $GET_A_B")
    assert (step.params, step.timeout, step.attempts) == ({"color": "red"}, 5.0, 2)
    assert step.hooks.on_failure[0].command is not None
    assert plan.hooks.ensure[0].steps == [NotifyStep(id="ensure/1/1", name="n", notification="own.n")]


def test_the_same_may_be_sent_twice_by_a_job() -> None:
    assert len(job_of(OWN + 'job "j" {\n  notify "own" "n" {}\n  notify "own" "n" {}\n}').steps) == 2


def test_a_built_in_type_needs_no_declaration() -> None:
    spec = spec_of(SLACK + "}\n" + JOB)
    assert spec.notification_types == [NotificationType(name="slack", builtin="slack")]


def test_a_built_in_type_may_have_another_name() -> None:
    text = 'notification_type "chat" { source = "pikoci://slack" }\n' + SLACK.replace('"slack"', '"chat"') + "}\n" + JOB
    assert spec_of(text).notification_types == [NotificationType(name="chat", builtin="slack")]


def test_secrets_of_a_built_in_type_are_masked_whole_and_in_parts() -> None:
    masks = spec_of(SLACK + "}\n" + JOB).masks
    assert masks == [
        "https://hooks.example.com/services/T00/B00/abcdefghijkl",
        "/services/T00/B00/abcdefghijkl",
        "abcdefghijkl",
    ]


def test_jobs_are_replaced_by_their_instances() -> None:
    jobs = 'job "a" {\n  for_each = toset(["x", "y"])\n}\njob "b" {}\njob "none" {\n  for_each = toset([])\n}\n'
    named = spec_of(SLACK + '  on = ["all"]\n  jobs = ["b", "a"]\n}\n' + jobs).notifications[0]
    assert named.jobs == ["b", "a--x", "a--y"]
    assert [named.covers(job) for job in ("a--x", "b", "c")] == [True, True, False]
    one = spec_of(SLACK + '  on = ["all"]\n  exclude = ["a--y"]\n}\n' + jobs).notifications[0]
    assert [one.covers(job) for job in ("a--x", "a--y", "b")] == [True, False, True]
    nobody = spec_of(SLACK + '  on = ["all"]\n  jobs = ["none"]\n}\n' + jobs).notifications[0]
    assert not nobody.covers("b")


def test_without_on_no_end_sends_it() -> None:
    assert not spec_of(SLACK + "}\n" + JOB).notifications[0].covers("j")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            'notification "slack" "n" {}\n' + JOB,
            Finding(
                1,
                1,
                'Missing param "webhook_url" of slack',
                "The address that Slack gave; a secret.",
                "write webhook_url = ...",
            ),
        ),
        (
            'notification "slack" "n" {\n  params {\n    webhook_url = "x"\n    chanel = "y"\n  }\n}\n' + JOB,
            Finding(4, 5, 'Unknown param "chanel" of slack', "", "known are webhook_url"),
        ),
        (
            'notification "slack" "n" {\n  params { webhook_url = "" }\n}\n' + JOB,
            Finding(2, 26, '"webhook_url" must not be empty'),
        ),
        (
            'notification "email" "n" {\n  params {\n    host = "h"\n    from = "a@b"\n    to = "c@d"\n  }\n}\n' + JOB,
            Finding(5, 10, 'Wrong value for "to"', "A list is required, not a string.", "put it in brackets: [...]"),
        ),
        (
            OWN.replace('to = "them"', 'two = "them"') + JOB,
            Finding(6, 12, 'Unknown param "two" of own', "", 'did you mean "to"?'),
        ),
        (
            SLACK + '  on = ["all"]\n  jobs = ["k"]\n}\n' + JOB,
            Finding(4, 10, 'Unknown job "k"', "", 'did you mean "j"?'),
        ),
        (
            'notification_type "own" {}\n' + JOB,
            Finding(
                1,
                1,
                'The notification_type "own" has no "notify" block',
                "",
                'write notify "shell" { ... }, or source = ...',
            ),
        ),
        (
            'job "j" {\n  notify "slack" "n" {}\n}',
            Finding(2, 10, 'Unknown notification "slack.n"'),
        ),
    ],
)
def test_mistakes_are_found_at_their_place(text: str, wanted: Finding) -> None:
    assert find(text) == [wanted]


def test_a_value_that_a_built_in_type_does_not_take_is_warned_of() -> None:
    text = SLACK + '}\njob "j" {\n  notify "slack" "n" { color = "red" }\n}'
    detail = "slack takes nothing of that name."
    assert warnings_of(text) == [Finding(5, 24, 'The value "color" has no effect', detail)]


def test_changes_are_shown_without_secrets() -> None:
    before, after = spec_of(SLACK + "}\n" + JOB), spec_of(SLACK.replace("abcd", "ABCD") + '  on = ["all"]\n}\n' + JOB)
    [change] = diff(before, after)
    assert (change.kind, change.what, change.name) == ("changed", "notification", "slack.n")
    assert [(detail.path, detail.before, detail.after) for detail in change.details] == [
        ("params.webhook_url", "(sensitive)", "(sensitive, changed)"),
        ("on", None, ["all"]),
    ]
    assert [(one.kind, one.what) for one in diff(None, before)] == [
        ("added", "notification_type"),
        ("added", "notification"),
        ("added", "job"),
    ]
