"""What setting a pipeline would change, for programs and for people."""

from pikoci.internal.pipeline import Change, Detail, diff, render_diff
from tests.unit.internal.pipeline.loading import spec_of

BASE = """
variable "secret" {
  sensitive = true
  default   = "hunter22"
}
resource "git" "app" {
  check_interval = "@every 1m"
  params {
    url   = "u"
    token = "old-token"
  }
}
job "test" {
  get "git" "app" {}
  task "unit" {
    timeout = "1m"
    run "shell" {
      cmd = "one\\ntwo\\nthree"
    }
  }
  task "lint" {
    run "shell" {
      cmd = "lint ${var.secret}"
    }
  }
}
"""


def changes(before: str, after: str) -> list[Change]:
    return diff(spec_of(before), spec_of(after))


def test_equal_pipelines_have_no_changes() -> None:
    assert changes(BASE, "# a comment\n" + BASE) == []
    assert render_diff([]) == "No changes.\n"


def test_a_first_pipeline_is_all_added() -> None:
    assert diff(None, spec_of(BASE)) == [
        Change("added", "resource_type", "git"),
        Change("added", "resource", "git.app"),
        Change("added", "job", "test"),
    ]


def test_what_disappears_is_removed() -> None:
    assert changes(BASE + 'job "old" {}', BASE) == [Change("removed", "job", "old")]


def test_a_changed_value_is_shown_where_it_is() -> None:
    after = BASE.replace('timeout = "1m"', "attempts = 2").replace("@every 1m", "@every 2m")

    assert changes(BASE, after) == [
        Change("changed", "resource", "git.app", [Detail("check_interval", "@every 1m", "@every 2m")]),
        Change(
            "changed",
            "job",
            "test",
            [Detail("steps[task unit].timeout", 60.0, None), Detail("steps[task unit].attempts", None, 2)],
        ),
    ]


def test_a_step_in_the_middle_changes_only_itself() -> None:
    new = '  task "new" {\n    run "exec" {\n      path = "x"\n    }\n  }\n'

    assert changes(BASE, BASE.replace('  task "unit"', new + '  task "unit"')) == [
        Change(
            "changed",
            "job",
            "test",
            [
                Detail(
                    "steps[task new]",
                    None,
                    {"kind": "task", "name": "new", "run": {"runner": "exec", "params": {"path": "x"}}},
                )
            ],
        )
    ]


def test_another_order_of_steps_is_a_change() -> None:
    swapped = BASE.replace('"unit"', '"tmp"').replace('"lint"', '"unit"').replace('"tmp"', '"lint"')

    paths = [detail.path for detail in changes(BASE, swapped)[0].details]
    assert "steps order" in paths


def test_secrets_are_never_shown() -> None:
    after = BASE.replace("hunter22", "swordfish").replace("old-token", "new-token").replace("lint $", "lint now $")

    found = changes(BASE, after)

    assert found == [
        Change("changed", "resource", "git.app", [Detail("params.token", "(sensitive)", "(sensitive, changed)")]),
        Change(
            "changed",
            "job",
            "test",
            [Detail("steps[task lint].run.params.cmd", "lint (sensitive)", "lint now (sensitive)")],
        ),
    ]


def test_places_of_secrets_are_compared_and_no_credential_is_shown() -> None:
    before = (
        'variable "t" {\n  secret "v" {\n    path = "a"\n    key = "k"\n  }\n}\n'
        'secret_type "v" {\n  source = "pikoci://vault"\n  address = "http://a"\n  token = "hvs.one"\n}\n'
        'job "j" {\n  env = { A = "x ${var.t}" }\n}\n'
    )
    after = before.replace('"a"', '"b"').replace("hvs.one", "hvs.two").replace('"x $', '"y $')

    assert changes(before, after) == [
        Change("changed", "variable", "t", [Detail("path", "a", "b")]),
        Change("changed", "secret_type", "v", [Detail("config.token", "(sensitive)", "(sensitive, changed)")]),
        Change("changed", "job", "j", [Detail("env.A", "x ${var.t}", "y ${var.t}")]),
    ]


def test_hooks_and_runners_are_compared() -> None:
    hook = (
        'job "a" {{\n  ensure "exec" {{\n    path = "{0}"\n  }}\n}}\n'
        'runner_type "r" {{\n  run {{\n    path = "{0}"\n  }}\n}}'
    )

    assert changes(hook.format("x"), hook.format("y")) == [
        Change("changed", "runner_type", "r", [Detail("path", "x", "y")]),
        Change("changed", "job", "a", [Detail("hooks.ensure[1].command.params.path", "x", "y")]),
    ]


def test_people_see_signs_values_and_a_summary() -> None:
    after = (
        BASE.replace('timeout = "1m"', "attempts = 2")
        .replace("two", "2")
        .replace("@every 1m", "@every 2m")
        .replace('job "test"', 'job "new" {}\njob "test"')
    )

    assert render_diff(changes(BASE + 'job "old" {}', after)) == (
        "~ resource git.app\n"
        '    ~ check_interval: "@every 1m" -> "@every 2m"\n'
        "+ job new\n"
        "~ job test\n"
        "    - steps[task unit].timeout: 60.0\n"
        "    ~ steps[task unit].run.params.cmd:\n"
        "          one\n"
        "        - two\n"
        "        + 2\n"
        "          three\n"
        "    + steps[task unit].attempts: 2\n"
        "- job old\n"
        "\n"
        "1 to add, 2 to change, 1 to remove.\n"
    )


def shown(before: str, after: str) -> list[str]:
    """How people see one changed value."""
    text = render_diff([Change("changed", "job", "a", [Detail("cmd", before, after)])])
    return text.splitlines()[1:-2]


def test_a_changed_script_shows_lines_in_place_with_a_few_around() -> None:
    before = [f"line {number}" for number in range(20)]
    after = [*before[:3], "new", *before[4:15], *before[16:]]

    assert shown("\n".join(before), "\n".join(after)) == [
        "    ~ cmd:",
        "          line 1",
        "          line 2",
        "        - line 3",
        "        + new",
        "          line 4",
        "          line 5",
        "          ...",
        "          line 13",
        "          line 14",
        "        - line 15",
        "          line 16",
        "          line 17",
    ]


def test_a_line_that_moved_or_was_repeated_is_shown() -> None:
    assert shown("a\nb\n", "b\na\n") == ["    ~ cmd:", "        + b", "          a", "        - b"]
    assert shown("a\nb\n", "a\nb") == ["    ~ cmd:", "        (only line ends differ)"]


def test_a_change_that_only_a_secret_makes_is_told() -> None:
    found = changes(BASE, BASE.replace("hunter22", "swordfish").replace("old-token", "new-token"))

    assert found[1].details == [
        Detail("steps[task lint].run.params.cmd", "lint (sensitive)", "lint (sensitive, changed)")
    ]
    assert "    ~ params.token: (sensitive, changed)\n" in render_diff(found)
    assert shown("(sensitive)", "(sensitive)") == ["    ~ cmd: (sensitive, changed)"]  # as an older server tells it
