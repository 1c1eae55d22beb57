from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke
from tests.unit.docs.markdown import ROOT

MATRIX = str(ROOT / "configs/pipelines/matrix.hcl")
PUTS = """
variable "url" {
  type = string
}

resource "git" "app" {
  params { url = var.url }
}

resource "artifact" "binary" {}

job "build" {
  get "git" "app" {}
  put "artifact" "binary" { dir = "x" }
}
"""


def test_a_file_is_drawn_without_a_server(invoke: Invoke) -> None:
    found = json.loads(invoke("pipeline", "graph", MATRIX, "--format", "json").out)
    edges = {(edge["source"], edge["target"], edge["kind"]) for edge in found["edges"]}
    assert ("resource:trigger.start", "job:try--sh-fast", "get") in edges
    assert ("job:try--bash-slow", "job:deploy--staging", "passed") in edges
    assert invoke("pipeline", "graph", MATRIX, "--output", "json").out == json.dumps(found, indent=2) + "\n"


@pytest.mark.parametrize(
    ("form", "start"), [("dot", 'digraph "matrix" {'), ("mermaid", "flowchart LR"), ("svg", "<svg ")]
)
def test_forms(invoke: Invoke, form: str, start: str) -> None:
    result = invoke("pipeline", "graph", MATRIX, "--format", form)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(start)


def test_puts_and_gets_that_start_nothing(invoke: Invoke) -> None:
    result = invoke("pipeline", "graph", "-", "--var", "url=u", input=PUTS)
    assert '"resource:git.app" -> "job:build" [style=dashed];' in result.out
    assert '"job:build" -> "resource:artifact.binary" [style=solid];' in result.out


def test_a_missing_value_and_an_invalid_file_are_shown(invoke: Invoke) -> None:
    result = invoke("pipeline", "graph", "-", input=PUTS)
    assert (result.status, result.out) == (1, "")
    assert '<stdin>:2:1: error: No value for the variable "url"' in result.err


@pytest.mark.parametrize("arguments", [(), ("-p", "app", MATRIX), (MATRIX, "--format", "png"), ("-p", "a/b/c")])
def test_a_wrong_command_line_ends_with_2(invoke: Invoke, arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert invoke("pipeline", "graph", *arguments).status == 2
