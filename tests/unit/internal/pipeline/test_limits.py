"""Files that were made to be slow or large come to one error, which names the limit and the way out."""

from __future__ import annotations

import itertools

import pytest

from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.pipeline import limits
from pikoci.pkg.hcl.limits import MAX_DIAGNOSTICS
from tests.unit.internal.pipeline.loading import job, run, task

HEAVY = "[for a in range(1000) : [for b in range(9) : true]][0][0]"


def only(found: list[Diagnostic], summary: str) -> Diagnostic:
    errors = [one for one in found if one.severity == "error"]
    assert [one.summary for one in errors] == [summary]
    assert errors[0].hint
    return errors[0]


def test_reading_ends_when_it_has_taken_its_time() -> None:
    time = itertools.count(step=0.5)

    loaded = run(task(f'run "shell" {{\ncmd = "${{{HEAVY}}}"\n}}'), processor_time=lambda: next(time))

    found = only(loaded.diagnostics, "Reading the pipeline takes too long")
    assert found.line == 4
    assert loaded.spec is None
    assert next(time) < limits.MAX_SECONDS + 2


def test_time_that_stands_still_ends_nothing() -> None:
    assert run(task(f'run "shell" {{\ncmd = "${{{HEAVY}}}"\n}}'), processor_time=lambda: 7.0).ok


def test_try_does_not_catch_the_end_of_time() -> None:
    time = itertools.count(step=0.5)

    loaded = run(task(f'run "shell" {{\ncmd = try({HEAVY}, "x")\n}}'), processor_time=lambda: next(time))

    only(loaded.diagnostics, "Reading the pipeline takes too long")


def test_blocks_and_arguments_are_counted_after_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'job "j" {\nfor_each = toset(range(10))\ntask "t" {\nrun "shell" {\ncmd = each.key\n}\n}\n}\n'
    # For each: the job with for_each, the task, and the run with its cmd.
    monkeypatch.setattr(limits, "MAX_PARTS", 10 * 5)
    assert run(text).ok

    monkeypatch.setattr(limits, "MAX_PARTS", 10 * 5 - 1)
    only(run(text).diagnostics, "The pipeline is too large")


def test_empty_elements_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    # Twice, as the block that declares a variable is looked at on its own, too.
    monkeypatch.setattr(limits, "MAX_EXPANDED", 2 * 500 * limits.ELEMENT)
    text = 'variable "v" {{\ndefault = [for a in range({}) : []]\n}}'

    assert run(text.format(499)).ok
    only(run(text.format(501)).diagnostics, "The pipeline is too large")


def test_a_value_counts_each_time_that_a_job_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_EXPANDED", 100_000)
    used = task('run "shell" {\ncmd = var.v\n}').replace('"j"', '"j{}"').replace("{\n", "{{\n").replace("}\n", "}}\n")

    text = 'variable "v" {}\n' + "".join(used.format(number) for number in range(11))

    only(run(text, {"v": "x" * 10_000}).diagnostics, "The pipeline is too large")


def test_the_keys_of_for_each_are_evaluated_once_and_not_for_each_instance() -> None:
    """A thousand times a thousand keys would be too large."""
    loaded = run('job "j" {\nfor_each = toset(range(1024))\n}')

    assert loaded.spec is not None, loaded.diagnostics
    assert len(loaded.spec.jobs) == 1024


def test_no_more_errors_are_made_than_are_shown() -> None:
    loaded = run("".join(f'resource "nope{number}" "r{number}" {{}}\n' for number in range(500)))

    assert len(loaded.diagnostics) == MAX_DIAGNOSTICS + 1
    assert loaded.diagnostics[-1].summary == "Too many errors"


def test_many_warnings_refuse_nothing() -> None:
    loaded = run(job(""), {f"v{number}": "x" for number in range(500)})

    assert loaded.spec is not None
    assert len(loaded.diagnostics) == MAX_DIAGNOSTICS + 1
    assert (loaded.diagnostics[-1].severity, loaded.diagnostics[-1].summary) == ("warning", "Too many warnings")


def test_an_error_after_many_warnings_is_told() -> None:
    loaded = run(job("nope = 1"), {f"v{number}": "x" for number in range(500)})

    assert "error" in [one.severity for one in loaded.diagnostics]
    assert loaded.spec is None


def test_a_finding_does_not_repeat_endless_names() -> None:
    loaded = run(f"{'a' * 1_000_000} = 1\n")

    assert sum(len(one.summary) + len(one.detail) + len(one.hint) for one in loaded.diagnostics) < 5_000


def test_sensitive_values_are_hidden_when_reading_ends_early() -> None:
    time = itertools.count(step=0.5)
    text = (
        'variable "s" {\nsensitive = true\ndefault = upper("geheim")\n}\n'
        f'variable "w" {{\ndefault = {HEAVY} ? "GEHEIM" : 1\n}}'
    )

    loaded = run(text, processor_time=lambda: next(time))

    only(loaded.diagnostics, "Reading the pipeline takes too long")
    assert "GEHEIM" not in str(loaded.diagnostics)
