"""Expansion of jobs, against Python's own products and sorts."""

from __future__ import annotations

import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.plan import JobPlan
from tests.unit.internal.pipeline.loading import spec_of

WORDS = [first + rest for first in "abxz" for rest in ("", "1", "b", "bb", "z9")]
KEYS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True)
AXES = st.dictionaries(st.sampled_from(["os", "go", "arch"]), KEYS, min_size=1, max_size=3)
TASK = '  task "t" {\n    run "exec" {\n      path = "x"\n      args = [jsonencode(each.value)]\n    }\n  }\n'


def argument(job: JobPlan) -> object:
    """What the job's task is given: `each.value`."""
    return json.loads(job.steps[0].run.params["args"][0])  # type: ignore[union-attr, index]


@settings(max_examples=12, deadline=None)
@given(axes=AXES)
def test_a_matrix_is_the_product_of_its_axes(axes: dict[str, list[str]]) -> None:
    lines = "".join(f"    {axis} = {json.dumps(values)}\n" for axis, values in axes.items())
    jobs = spec_of(f'job "j" {{\n  matrix {{\n{lines}  }}\n{TASK}}}\n').jobs
    wanted = list(itertools.product(*axes.values()))
    assert [job.name for job in jobs] == [f"j--{'-'.join(combination)}" for combination in wanted]
    assert [argument(job) for job in jobs] == [dict(zip(axes, combination, strict=True)) for combination in wanted]


@settings(max_examples=12, deadline=None)
@given(keys=KEYS)
def test_a_set_is_taken_in_the_order_of_its_keys(keys: list[str]) -> None:
    jobs = spec_of(f'job "j" {{\n  for_each = toset({json.dumps(keys)})\n{TASK}}}\n').jobs
    assert [(job.name, argument(job)) for job in jobs] == [(f"j--{key}", key) for key in sorted(keys)]


@settings(max_examples=15, deadline=None)
@given(first=KEYS, second=KEYS)
def test_passed_by_a_jobs_name_means_all_of_its_instances(first: list[str], second: list[str]) -> None:
    resource = 'resource "git" "app" {\n  params {\n    url = "/r"\n  }\n}\n'
    before = f'job "a" {{\n  for_each = toset({json.dumps(first)})\n  get "git" "app" {{}}\n}}\n'
    after = (
        f'job "b" {{\n  for_each = toset({json.dumps(second)})\n  get "git" "app" {{\n    passed = ["a"]\n  }}\n}}\n'
    )
    jobs = spec_of(resource + before + after).jobs
    followers = [next(job.gets()) for job in jobs if job.name.startswith("b--")]
    assert len(followers) == len(second)
    assert all(sorted(get.passed) == [f"a--{key}" for key in sorted(first)] for get in followers)
