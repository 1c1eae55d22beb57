"""What is read but does not run yet is refused at its place, and is checked all the same."""

from dataclasses import replace

import pytest

from pikoci.internal.pipeline import structure
from pikoci.internal.pipeline.language import LANGUAGE
from tests.unit.internal.pipeline.loading import Finding, find

DETAIL = "It is read and checked, but there is nothing yet that runs it."
HINT = "take it out of the file"
NOTIFICATION = (
    'notification_type "slack" {\n  source = "pikoci://slack"\n}\n'
    'notification "slack" "all" {\n  params {\n    webhook_url = "x"\n  }\n  on = ["failure"]\n  jobs = ["j"]\n}\n'
)


def test_it_is_refused_once_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    later = {**LANGUAGE, "job.on_trigger": replace(LANGUAGE["job.on_trigger"], supported=False)}
    monkeypatch.setattr(structure, "LANGUAGE", later)
    structure.schema_of.cache_clear()
    text = NOTIFICATION + 'job "j" {\n  on_trigger {\n    notify "slack" "all" {}\n  }\n}'
    try:
        wanted = Finding(12, 3, '"on_trigger" is not supported yet', DETAIL, HINT)
        assert wanted in find(text)
    finally:
        structure.schema_of.cache_clear()


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ('job "j" {\n  in_parallel {\n    limit = -1\n  }\n}', 'Wrong value for "limit"'),
        (
            'job "j" {\n  in_parallel {\n    task "t" {\n      run "exec" {\n      }\n    }\n  }\n}',
            'Missing param "path" of the runner exec',
        ),
        ('job "j" {\n  service "vaul" {}\n}', 'Unknown service type "vaul"'),
        ('job "j" {\n  notify "slack" "x" {}\n}', 'Unknown notification "slack.x"'),
        ('job "j" {\n  approve "x" {\n    approvals = 0\n  }\n}', 'Wrong value for "approvals"'),
        ('service_type "s" {}', 'The service_type "s" has no "start" block'),
        ('secret_type "s" {}', 'The secret_type "s" has no "get" block'),
        ('notification_type "n" {\n  source = "pikoci://slak"\n}', 'Unknown built-in notification_type "slak"'),
        (
            'service_type "s" {\n  source = "pikoci://vault"\n  start "exec" {\n    path = "x"\n  }\n}',
            'Both "source" and "start"',
        ),
        (
            (
                'service_type "s" {\n  params = ["a"]\n  start "exec" {\n    path = "x"\n  }\n  stop "exec" {\n'
                '    path = "x"\n  }\n}\njob "j" {\n  service "s" {\n    b = 1\n  }\n}'
            ),
            'Unknown param "b" of s',
        ),
        ('variable "v" {\n  secret "valt" {\n    key = "k"\n  }\n}', 'Unknown secret type "valt"'),
        ('variable "v" {\n  secret "vault" {\n  }\n}', 'Missing argument "key" in secret'),
        (NOTIFICATION.replace('["j"]', '["k"]') + 'job "j" {}', 'Unknown job "k"'),
        (NOTIFICATION.replace('"failure"', '"failed"') + 'job "j" {}', 'Wrong value for "on"'),
        (NOTIFICATION.replace('"failure"', '"all", "failure"') + 'job "j" {}', '"all" stands beside other ends'),
        (NOTIFICATION.replace('on = ["failure"]', "") + 'job "j" {}', '"jobs" without "on"'),
        (
            NOTIFICATION.replace('jobs = ["j"]', 'jobs = ["j"]\n  exclude = ["j"]') + 'job "j" {}',
            'Both "jobs" and "exclude"',
        ),
    ],
)
def test_mistakes_inside_are_found_too(text: str, summary: str) -> None:
    assert summary in [one.summary for one in find(text)]


def test_a_docker_runner_of_the_file_is_a_runner_like_any_other() -> None:
    text = (
        'runner_type "docker" {\n  run {\n    path = "podman"\n    args = ["run", "$image"]\n  }\n}\n'
        'job "j" {\n  timeout = "5x"\n  task "t" {\n    run "docker" {\n      image = "a"\n    }\n  }\n}'
    )

    assert [one.summary for one in find(text)] == ['Wrong value for "timeout"']
