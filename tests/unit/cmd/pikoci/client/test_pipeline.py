from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke

GOOD = (
    'variable "who" { type = string }\njob "a" {\n  task "t" {\n    run "shell" { cmd = "echo ${var.who}" }\n  }\n}\n'
)
BAD = 'job "a" {\n  tsk "x" {}\n}\n'


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.hcl"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.hcl"
    path.write_text(BAD)
    return str(path)


def test_a_valid_file_needs_no_values_of_variables(invoke: Invoke, good: str) -> None:
    result = invoke("pipeline", "validate", good)
    assert (result.status, result.out, result.err) == (0, f"{good}: valid\n", "")


def test_an_invalid_file_is_shown_as_a_compiler_does(invoke: Invoke, bad: str) -> None:
    result = invoke("pipeline", "validate", bad)
    assert result.status == 1
    assert result.out.startswith(f'{bad}:2:3: error: Unknown block "tsk" in job\n')
    assert ' 2 |   tsk "x" {}\n   |   ^^^\n' in result.out
    assert 'hint: did you mean "task"?' in result.out
    assert result.out.endswith(f"{bad}: 1 error\n")


def test_one_invalid_file_of_several_fails_them_all_and_each_is_told(invoke: Invoke, good: str, bad: str) -> None:
    result = invoke("pipeline", "validate", bad, good)
    assert result.status == 1
    assert f"{good}: valid" in result.out


def test_json_is_one_document_with_every_finding(invoke: Invoke, good: str, bad: str) -> None:
    result = invoke("pipeline", "validate", "--output", "json", good, bad)
    assert result.status == 1
    document = json.loads(result.out)
    assert document["valid"] is False
    assert [(one["file"], one["valid"]) for one in document["files"]] == [(good, True), (bad, False)]
    found = document["files"][1]["diagnostics"][0]
    assert (found["line"], found["column"], found["end_column"], found["severity"]) == (2, 3, 6, "error")


def test_a_dash_reads_standard_input(invoke: Invoke) -> None:
    result = invoke("pipeline", "validate", "-", input=BAD)
    assert result.status == 1
    assert result.out.startswith("<stdin>:2:3: error:")


def test_given_values_are_checked_against_the_types(invoke: Invoke, good: str, tmp_path: Path) -> None:
    (tmp_path / "vars.json").write_text('{"whom": "me"}')
    result = invoke("pipeline", "validate", good, "-v", str(tmp_path / "vars.json"))
    assert result.status == 0
    assert 'warning: A value was given for "whom"' in result.out


def test_text_that_is_not_utf_8_is_a_finding_with_its_line(invoke: Invoke) -> None:
    result = invoke("pipeline", "validate", "-", input=b'job "a" {}\n# \xff\n')
    assert result.status == 1
    assert "<stdin>:2: the text is not UTF-8" in result.out


def test_a_huge_file_is_refused_unread(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "huge.hcl"
    with path.open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    result = invoke("pipeline", "validate", str(path))
    assert result.status == 1
    assert "is too large" in result.out


@pytest.mark.parametrize("arguments", [(), ("missing.hcl",), (".",), ("--output", "xml", "-")])
def test_a_wrong_command_line_ends_with_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert invoke("pipeline", "validate", *arguments).status == 2


def test_the_reference_is_markdown(invoke: Invoke) -> None:
    result = invoke("pipeline", "reference")
    assert result.status == 0
    assert result.out.startswith("## Blocks")


def test_the_schema_is_json(invoke: Invoke) -> None:
    result = invoke("pipeline", "schema", "--format", "json")
    assert (result.status, result.err) == (0, "")
    assert "job" in json.loads(result.out)["blocks"]
    assert invoke("pipeline", "schema", "--format", "xml").status == 2
