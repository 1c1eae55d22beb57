"""Named values of a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.internal.pipeline.loading import Finding, find, job_of, run, spec_of, warnings_of


def test_locals_are_made_of_one_another_in_any_order_and_over_several_blocks() -> None:
    text = """
    locals {
      image = "${local.registry}/app:${local.tags[0]}"
      tags  = [for n in range(2) : "v${n + var.first}"]
    }
    job "j" {
      for_each    = local.where
      concurrency = local.limit
      env         = { IMAGE = local.image }
      if {
        condition = local.limit > 1
        task "t" {
          run "shell" { cmd = "echo ${local["image"]} ${each.value.zone} ${local.nothing == null}" }
        }
      }
    }
    locals {
      registry = "r.example.com"
      limit    = length(local.tags)
      nothing  = null
      where    = { eu = { zone = "e${var.first}" } }
    }
    variable "first" {
      default = 3
    }
    """
    job = job_of(text)
    assert job.name == "j--eu"
    assert job.concurrency == 2
    assert job.env == {"IMAGE": "r.example.com/app:v3"}
    assert job.steps[0].run.params == {"cmd": "echo r.example.com/app:v3 e3 true"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n",
            Finding(
                5, 3, 'Duplicate local "a"', "The first is on line 2.", "give one of them another name"
            ),
        ),
        (
            "locals {\n  a = local.b\n  b = [local.c]\n  c = local.a\n  d = local.a\n}\n",
            Finding(
                2,
                3,
                "Locals refer to one another in a circle",
                "local.a -> local.b -> local.c -> local.a.",
                "give one of them a value of its own",
            ),
        ),
        (
            'locals {\n  a = "x${local.a}"\n}\n',
            Finding(
                2,
                3,
                "Locals refer to one another in a circle",
                "local.a -> local.a.",
                "give one of them a value of its own",
            ),
        ),
        (
            "locals {\n  image = 1\n  b = local.imagee\n}\n",
            Finding(3, 7, 'Unknown local "imagee"', hint='did you mean "image"?'),
        ),
        (
            "env = { B = local.zone }\n",
            Finding(1, 13, 'Unknown local "zone"', hint="declare it: locals { zone = ... }"),
        ),
        (
            "locals {\n  image = 1\n  b = image\n}\n",
            Finding(3, 7, 'Unknown name "image"', hint="write local.image"),
        ),
        (
            "locals {\n  a = 1\n  b = lokal.a\n}\n",
            Finding(3, 7, 'Unknown name "lokal"', hint='did you mean "local"?'),
        ),
        (
            "locals {\n  a = 1\n  b = local\n}\n",
            Finding(
                3, 7, '"local" is no value', "It stands for all locals of the file.", "name one of them: local.<name>"
            ),
        ),
        (
            'locals {\n  a = 1\n}\nvariable "v" {\n  default = local.a\n}\n',
            Finding(
                5,
                13,
                '"local" has no meaning here',
                "Locals are made of variables, not the other way round.",
                "make a local of the variable, and use that",
            ),
        ),
        (
            "locals {\n  a = each.key\n}\n",
            Finding(2, 7, '"each" has no meaning here', any_text=True),
        ),
        (
            'locals "x" {\n  a = 1\n}\n',
            Finding(1, 1, 'Wrong number of labels for "locals"', any_text=True),
        ),
        (
            "locals {\n  a {\n  }\n}\n",
            Finding(2, 3, 'Unknown block "a" in locals', any_text=True),
        ),
        (
            "local {\n  a = 1\n}\n",
            Finding(1, 1, 'Unknown block "local" in pipeline', hint='did you mean "locals"?'),
        ),
        (
            'locals {\n  a = 1 + "x"\n  b = local.a\n}\n',
            Finding(2, 11, "Invalid operand", any_text=True),
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_error_at_its_place(text: str, expected: Finding) -> None:
    assert find(text) == [expected]


def test_every_circle_is_told_and_long_ones_are_cut() -> None:
    ring = "".join(f"  r{n} = local.r{(n + 1) % 50}\n" for n in range(50))
    found = find("locals {\n  x = local.y\n  y = local.x\n}\nlocals {\n" + ring + "}\n")
    assert [(one.line, one.texts[0]) for one in found] == [
        (2, "local.x -> local.y -> local.x."),
        (6, "local.r0 -> local.r1 -> local.r2 -> local.r3 -> local.r4 -> local.r5 -> ... -> local.r0."),
    ]


def test_a_chain_may_be_long() -> None:
    chain = "".join(f"  l{n} = local.l{n + 1}\n" for n in range(5_000))
    assert spec_of("locals {\n" + chain + "  l5000 = 1\n}\nenv = { A = local.l0 }\n").env == {"A": "1"}


def test_many_circles_are_answered_soon() -> None:
    pairs = "".join(f"  a{n} = local.b{n}\n  b{n} = local.a{n}\n" for n in range(3_000))
    assert len(find("locals {\n" + pairs + "}\n")) == 101


def test_what_depends_on_a_variable_without_a_value_is_looked_at_as_far_as_possible() -> None:
    text = 'variable "v" {}\nlocals {\n  a = upper(var.v)\n  b = "x${local.a}"\n}\nenv = { B = local.b }\n'
    assert run(text, allow_missing_variables=True).ok
    assert spec_of(text, {"v": "y"}).env == {"B": "xY"}


def test_sensitive_flows_through() -> None:
    text = (
        'variable "token" {\n  sensitive = true\n  default = "hunter22"\n}\n'
        'locals {\n  auth = "Bearer ${local.loud}"\n  loud = upper(var.token)\n  plain = "plain"\n}\n'
        'env = { E = "e:${local.auth}" }\n'
        'job "j" {\n  task "t" {\n    run "shell" { cmd = "echo ${local.auth}" }\n  }\n'
        '  task "u" {\n    run "shell" { cmd = "echo ${local.plain}" }\n  }\n}\n'
    )
    assert spec_of(text).masks == ["hunter22", "HUNTER22", "Bearer HUNTER22", "e:Bearer HUNTER22"]
    assert [(one.line, one.summary) for one in warnings_of(text)] == [(13, 'A sensitive value in "cmd"')]


@given(st.permutations(range(12)), st.data())
def test_any_order_gives_the_same_values(order: list[int], data: st.DataObject) -> None:
    needed = {n: data.draw(st.lists(st.integers(0, n - 1), max_size=3)) if n else [] for n in range(12)}
    values: dict[int, int] = {}
    for n in range(12):
        values[n] = 1 + sum(values[one] for one in needed[n])
    lines = {n: f"  l{n} = {' + '.join(['1', *(f'local.l{one}' for one in needed[n])])}\n" for n in range(12)}
    text = "locals {\n" + "".join(lines[n] for n in order) + "}\nenv = { " + ", ".join(
        f"E{n} = local.l{n}" for n in range(12)
    ) + " }\n"  # fmt: skip
    assert spec_of(text).env == {f"E{n}": str(value) for n, value in values.items()}
