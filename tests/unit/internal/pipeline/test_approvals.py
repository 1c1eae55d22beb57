"""The `approve` blocks of jobs."""

from textwrap import indent

import pytest

from pikoci.internal.domain.approval import Approval
from pikoci.internal.domain.plan import PipelineSpec, decode_spec, encode_spec
from tests.unit.internal.pipeline.loading import find, job, job_of, run, spec_of


def block(label: str = "release", **attributes: str) -> str:
    lines = "".join(f"  {key} = {value}\n" for key, value in attributes.items())
    return indent(f'approve "{label}" {{\n{lines}}}', "  ")


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
        (f'{block().removesuffix("}")}    notify "a" "b" {{}}\n  }}', '"notify" is not supported yet', 3),
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
