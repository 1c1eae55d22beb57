"""Wrong values, params and commands: each gets one precise error with its text, its place, and the way out."""

import pytest

from tests.unit.internal.pipeline.loading import GIT, TRIGGER, Finding, find, job, task

VALUES = {
    "bad duration": (
        job('timeout = "5x"'),
        Finding(
            2,
            11,
            'Wrong value for "timeout"',
            '"5x" is not a duration.',
            "write numbers with units (ns, us, ms, s, m, h), such as 30s, 10m or 1h30m",
        ),
    ),
    "duration without a unit": (
        job("timeout = 30"),
        Finding(
            2,
            11,
            'Wrong value for "timeout"',
            '"30" is not a duration.',
            '"30" has no unit: write 30s, 30m or 30h',
        ),
    ),
    "bad cron": (
        'resource "cron" "c" {\n  check_interval = "61 * * * *"\n}',
        Finding(
            2,
            20,
            'Wrong value for "check_interval"',
            'In the schedule "61 * * * *", field 1 (minute) is wrong: "61".',
            "write @every 10m, @hourly, @daily, or five cron fields such as */15 8-18 * * MON-FRI",
        ),
    ),
    "interval too short": (
        'resource "cron" "c" {\n  check_interval = "@every 1s"\n}',
        Finding(
            2,
            20,
            'Wrong value for "check_interval"',
            'In the schedule "@every 1s", the interval is too short.',
            "write a duration from 10s to 8784h, such as @every 1m",
        ),
    ),
    "not a bool": (
        GIT + job('get "git" "app" {\n  trigger = "maybe"\n}'),
        Finding(8, 13, 'Wrong value for "trigger"', "A bool is required."),
    ),
    "not a whole number": (
        job("concurrency = 1.5"),
        Finding(2, 15, 'Wrong value for "concurrency"', "A whole number from 0 to 1000000 is required, not 1.5."),
    ),
    "too high a priority": (
        job("priority = 101"),
        Finding(2, 12, 'Wrong value for "priority"', "A whole number from -100 to 100 is required, not 101."),
    ),
    "no attempts": (
        task('attempts = 0\nrun "exec" {\n  path = "x"\n}'),
        Finding(3, 12, 'Wrong value for "attempts"', "A whole number from 1 to 1000000 is required, not 0."),
    ),
    "a string for a list": (
        job('serial_groups = "a"'),
        Finding(
            2,
            17,
            'Wrong value for "serial_groups"',
            "A list is required, not a string.",
            "put it in brackets: [...]",
        ),
    ),
    "a list of lists": (
        job("serial_groups = [[]]"),
        Finding(2, 17, 'Wrong value for "serial_groups"', "Element 0: a string is required, not a list."),
    ),
    "a bad tag": (
        job('tags = ["GPU"]'),
        Finding(
            2,
            8,
            'Wrong value for "tags"',
            '"GPU" is not a tag.',
            "a tag has lower-case letters, digits and single hyphens",
        ),
    ),
    "too many tags": (
        job('tags = [for n in range(11) : "t${n}"]'),
        Finding(2, 8, 'Wrong value for "tags"', "At most 6 tags are possible, and these are 11."),
    ),
    "a word that is not possible": (
        GIT + job('get "git" "app" {\n  version = "lastest"\n}'),
        Finding(8, 13, 'Wrong value for "version"', '"lastest" is not possible here.', 'did you mean "latest"?'),
    ),
    "null for something required": (
        'runner_type "r" {\n  run {\n    path = null\n  }\n}',
        Finding(3, 12, '"path" must not be null'),
    ),
}

COMMANDS = {
    "unknown param of a runner": (
        task('run "exec" {\n  path = "x"\n  arg = []\n}'),
        Finding(5, 3, 'Unknown param "arg" of the runner exec', hint='did you mean "args"?'),
    ),
    "missing param of a runner": (
        task('run "exec" {\n}'),
        Finding(
            3,
            1,
            'Missing param "path" of the runner exec',
            "The program; a bare name is looked up in PATH.",
            "write path = ...",
        ),
    ),
    "an empty path": (
        task('run "exec" {\n  path = ""\n}'),
        Finding(4, 10, '"path" must not be empty'),
    ),
    "neither cmd nor file": (
        task('run "shell" {\n}'),
        Finding(3, 1, "Missing cmd or file", hint="write one of them: cmd or file"),
    ),
    "both cmd and file": (
        task('run "shell" {\n  cmd = "x"\n  file = "y"\n}'),
        Finding(3, 1, "The runner shell takes either cmd or file, not both", hint="write one of them: cmd or file"),
    ),
    "half a commit": (
        'resource "git" "app" {\n  params {\n    url = "u"\n    depth = 0.5\n  }\n}',
        Finding(4, 13, 'Wrong value for "depth"', "A whole number from 0 to 1000000 is required, not 0.5."),
    ),
    "wrong type of a param": (
        task('run "exec" {\n  path = ["x"]\n}'),
        Finding(4, 10, 'Wrong value for "path"', "A string is required, not a list."),
    ),
    "a runner_type without run": (
        'runner_type "r" {}',
        Finding(1, 1, 'The runner_type "r" has no "run" block', hint="write run { path = ... }, or source = ..."),
    ),
    "a runner_type with source and run": (
        'runner_type "r" {\n  source = "pikoci://exec"\n  run {\n    path = "x"\n  }\n}',
        Finding(3, 3, 'Both "source" and "run"', "A source brings its own commands.", "take one of them out"),
    ),
    "an unknown source": (
        'resource_type "r" {\n  source = "pikoci://gti"\n}',
        Finding(2, 12, 'Unknown built-in resource_type "gti"', hint='did you mean "git"?'),
    ),
    "a source that is none": (
        'resource_type "r" {\n  source = "git"\n}',
        Finding(
            2,
            12,
            '"git" is not a valid source',
            hint="write pikoci://<name>, with one of: artifact, cron, fs, git, http, registry-image, s3, trigger;"
            " or an https:// address",
        ),
    ),
    "a resource_type with source and commands": (
        'resource_type "r" {\n  source = "pikoci://git"\n  check "exec" {\n    path = "x"\n  }\n}',
        Finding(3, 3, 'Both "source" and "check"', "A source brings its own commands.", "take one of them out"),
    ),
    "missing param of a resource": (
        'resource "git" "app" {}',
        Finding(
            1,
            1,
            'Missing param "url" of git',
            "Address of the repository: https, ssh, file or a path.",
            "write url = ...",
        ),
    ),
    "unknown param of a resource": (
        'resource "git" "app" {\n  params {\n    url = "u"\n    brnch = "x"\n  }\n}',
        Finding(4, 5, 'Unknown param "brnch" of git', hint='did you mean "branch"?'),
    ),
    "unknown param of a declared type": (
        'resource_type "t" {\n  params = ["where"]\n}\nresource "t" "r" {\n  params {\n    wher = 1\n  }\n}',
        Finding(6, 5, 'Unknown param "wher" of t', hint='did you mean "where"?'),
    ),
    "unknown param of a get": (
        GIT + job('get "git" "app" {\n  params {\n    branch = "x"\n  }\n}'),
        Finding(9, 5, 'Unknown param "branch" of a get of git', hint="known are depth, name, submodules, tags"),
    ),
    "unknown param of a put": (
        'resource "artifact" "a" {}\n' + job('put "artifact" "a" {\n  dir = "x"\n  dri = "y"\n}'),
        Finding(5, 3, 'Unknown param "dri" of a put to artifact', hint='did you mean "dir"?'),
    ),
    "missing param of a put": (
        'resource "artifact" "a" {}\n' + job('put "artifact" "a" {}'),
        Finding(
            3,
            1,
            'Missing param "dir" of a put to artifact',
            "Directory to store, below the work directory.",
            "write dir = ...",
        ),
    ),
    "a param of a put twice": (
        TRIGGER + job('put "trigger" "go" {\n  a = 1\n  params {\n    a = 2\n  }\n}'),
        Finding(6, 5, 'The param "a" is given twice', "It stands in the put and in its params."),
    ),
    "a put to the clock": (
        'resource "cron" "c" {\n  check_interval = "@daily"\n}\n' + job('put "cron" "c" {}'),
        Finding(
            5,
            1,
            "Nothing can be put to cron",
            "The time: each check, at the resource's check_interval, makes a version.",
        ),
    ),
    "a put to a type without push": (
        'resource_type "t" {}\nresource "t" "r" {}\n' + job('put "t" "r" {}'),
        Finding(
            4,
            1,
            "Nothing can be put to t",
            'The resource_type "t" has no push command.',
            "give it a push block, or use another type",
        ),
    ),
}

ALL = {**VALUES, **COMMANDS}


@pytest.mark.parametrize(("text", "wanted"), ALL.values(), ids=ALL.keys())
def test_one_mistake_gets_one_error_at_its_place(text: str, wanted: Finding) -> None:
    assert find(text) == [wanted]


def test_all_mistakes_are_told_in_one_go_and_in_source_order() -> None:
    mistakes = [text for text, _ in ALL.values() if text.startswith("job")]
    together = "".join(text.replace('"j"', f'"j{number}"') for number, text in enumerate(mistakes))

    found = find(together)

    assert len(mistakes) > 12
    assert [one.summary for one in found] == [one.summary for text in mistakes for one in find(text)]
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_syntax_errors_do_not_hide_the_others() -> None:
    found = find(job('timeout = "5x"\nconcurrency = = 1') + 'jbo "x" {}')

    assert [one.line for one in found] == [2, 3, 5]


def test_a_sensitive_value_is_not_shown_in_an_error() -> None:
    text = 'variable "v" {\n  sensitive = true\n}\n' + job('timeout = "${var.v}"')

    assert find(text, {"v": "hunter22"}) == [
        Finding(
            5,
            11,
            'Wrong value for "timeout"',
            '"(sensitive)" is not a duration.',
            "write numbers with units (ns, us, ms, s, m, h), such as 30s, 10m or 1h30m",
        )
    ]


def test_large_files_with_many_typos_are_answered_soon() -> None:
    text = "".join(f'resource "trigger" "res{n}" {{}}\n' for n in range(700)) + "".join(
        job(f'get "trigger" "ress{n}" {{}}', f"j{n}") for n in range(700)
    )

    found = find(text)

    assert found[0].texts[1] == 'did you mean "trigger.res0"?'
    assert found[-1].summary == "Too many errors"
