"""Blocks of steps side by side: what becomes of them, and what cannot stand in them."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.graph import pipeline_graph
from pikoci.internal.domain.plan import GetStep, InParallelStep, PipelineSpec, TaskStep, decode_spec, encode_spec
from pikoci.internal.pipeline import Change, Detail, diff
from pikoci.internal.service.plumbing.excerpt import job_resources, job_runners
from tests.unit.internal.pipeline.loading import GIT, TRIGGER, Finding, find, job, job_of, spec_of

RUN = 'run "shell" { cmd = "true" }'
FIRST = 'job "up" {\n  matrix {\n    n = ["1", "2"]\n  }\n  get "git" "app" { trigger = true }\n}\n'
BLOCK = """
in_parallel {
  limit     = 2
  fail_fast = true
  timeout   = "10m"
  attempts  = 3
  env       = { A = "1" }
  get "git" "app" {
    trigger = true
    passed  = ["up"]
  }
  task "unit" {
    run "nice" { level = 3 }
    ensure {
      put "trigger" "go" {}
    }
  }
  put "trigger" "go" {}
  on_failure "shell" { cmd = "echo sorry" }
}
task "last" {
  run "shell" { cmd = "true" }
}
"""
IN_BLOCK = "put its steps into this block, or the block behind it"
SERVICE = "put it into the job, where it runs beside all steps"
RUNNER = 'runner_type "nice" {\n  run {\n    path = "nice"\n  }\n}\n'


def whole() -> PipelineSpec:
    return spec_of(GIT + TRIGGER + RUNNER + FIRST + job(BLOCK))


def test_a_block_is_a_step_with_steps_inside() -> None:
    plan = whole().jobs[-1]
    block, last = plan.steps
    assert isinstance(block, InParallelStep)
    assert (block.id, block.limit, block.fail_fast, block.timeout, block.attempts) == ("1", 2, True, 600, 3)
    assert block.env == {"A": "1"}
    assert [(step.id, step.name) for step in block.steps] == [("1/1", "app"), ("1/2", "unit"), ("1/3", "go")]
    assert block.hooks.on_failure[0].id == "1/on_failure/1"
    assert block.steps[1].hooks.ensure[0].steps[0].id == "1/2/ensure/1/1"
    assert isinstance(last, TaskStep)
    assert last.id == "2"
    assert decode_spec(encode_spec(whole())) == whole()


def test_its_gets_and_puts_are_those_of_the_job() -> None:
    spec = whole()
    plan = spec.jobs[-1]
    assert [(get.name, get.trigger, get.passed) for get in plan.gets()] == [("app", True, ["up--1", "up--2"])]
    assert [put.name for put in plan.puts()] == ["go"]
    edges = {(edge.source, edge.kind, edge.target) for edge in pipeline_graph(spec, []).edges}
    assert ("job:up--1", "passed", "job:j") in edges
    assert ("job:j", "put", "resource:trigger.go") in edges


def test_a_worker_gets_all_that_its_steps_need() -> None:
    spec = whole()
    assert {one.canonical for one in job_resources(spec, spec.jobs[-1])} == {"git.app", "trigger.go"}
    assert [one.name for one in job_runners(spec, spec.jobs[-1], [])] == ["nice"]


def test_the_names_in_passed_are_those_of_the_right_get() -> None:
    two = GIT + 'resource "git" "other" {\n  params {\n    url = "u"\n  }\n}\n'
    other = 'job "two" {\n  get "git" "other" {}\n}\n'
    body = """
      in_parallel {
        get "git" "other" { passed = ["two"] }
      }
      get "git" "app" { passed = ["up"] }
    """
    plan = spec_of(two + other + FIRST + job(body)).jobs[-1]
    assert [(get.name, get.passed) for get in plan.gets()] == [("other", ["two"]), ("app", ["up--1", "up--2"])]


def test_jobs_that_wait_for_one_another_through_blocks_are_found() -> None:
    def one(name: str, passed: str) -> str:
        return job(f'in_parallel {{\n  get "git" "app" {{ passed = ["{passed}"] }}\n}}', name)

    assert find(GIT + one("a", "b") + one("b", "a"))[0].summary == "Jobs wait for one another in a circle"


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        (
            f'in_parallel {{\n  in_parallel {{\n    task "t" {{\n      {RUN}\n    }}\n  }}\n}}',
            Finding(3, 3, '"in_parallel" cannot stand inside "in_parallel"', "", IN_BLOCK),
        ),
        (
            'in_parallel {\n  service "redis" {}\n}',
            Finding(3, 3, '"service" cannot stand inside "in_parallel"', "", SERVICE),
        ),
        (
            "in_parallel {\n  if {\n    condition = true\n  }\n}",
            Finding(
                3,
                3,
                '"if" cannot stand inside "in_parallel"',
                "",
                "put the in_parallel block into the condition, or decide in a task's script",
            ),
        ),
        (
            "ensure {\n  in_parallel {}\n}",
            Finding(3, 3, '"in_parallel" cannot stand inside "ensure"', "", "a hook takes task, put and notify steps"),
        ),
        (
            f'task "t" {{\n  {RUN}\n}}\nin_parallel {{\n  task "t" {{\n    {RUN}\n  }}\n}}',
            Finding(
                6, 3, 'Duplicate task "t" in the job "j"', "The first is on line 2.", "give one of them another name"
            ),
        ),
        ("in_parallel {\n  limit = -1\n}", Finding(3, 11, 'Wrong value for "limit"', any_text=True)),
        ('in_parallel "x" {}', Finding(2, 1, 'Wrong number of labels for "in_parallel"', any_text=True)),
        (
            'in_parallel {\n  get "git" "app" { passed = ["nobody"] }\n}',
            Finding(3, 30, 'Unknown job "nobody" in passed', any_text=True),
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(inside: str, wanted: Finding) -> None:
    assert find(job(inside) + GIT) == [wanted]


def test_a_block_may_stand_in_a_condition_and_be_empty() -> None:
    plan = job_of(job("if {\n  condition = true\n  in_parallel {}\n}"))
    assert plan.steps == [InParallelStep(id="1", name="")]


def test_a_change_inside_is_shown_where_it_is() -> None:
    after = spec_of(
        GIT + TRIGGER + RUNNER + FIRST + job(BLOCK.replace("level = 3", "level = 4").replace("limit     = 2", ""))
    )
    assert diff(whole(), after) == [
        Change(
            "changed",
            "job",
            "j",
            [
                Detail("steps[in_parallel].steps[task unit].run.params.level", 3, 4),
                Detail("steps[in_parallel].limit", 2, None),
            ],
        )
    ]


def test_a_spec_of_an_earlier_release_is_read() -> None:
    old = b'{"jobs":[{"name":"j","steps":[{"kind":"get","id":"1","name":"app","resource":"git.app"}]}]}'
    assert list(decode_spec(old).jobs[0].gets()) == [GetStep(id="1", name="app", resource="git.app")]
