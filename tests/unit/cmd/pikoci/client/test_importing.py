from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke

PIPELINE = """
jobs:
- name: unit
  plan:
  - task: test
    file: repo/ci/unit.yml
"""
TASK = "platform: linux\nrun: {path: make, args: [test]}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repo/ci").mkdir(parents=True)
    (tmp_path / "repo/ci/unit.yml").write_text(TASK)
    (tmp_path / "ci.yml").write_text(PIPELINE)
    return tmp_path


def test_a_pipeline_is_printed_as_hcl_that_is_valid_and_formatted(invoke: Invoke, repository: Path) -> None:
    result = invoke("pipeline", "import", "concourse", str(repository / "ci.yml"), "--files", f"repo={repository}/repo")
    assert (result.status, result.err) == (0, "")
    assert 'cmd = "make test"' in result.out
    assert invoke("pipeline", "validate", "-", input=result.out).status == 0
    assert invoke("pipeline", "fmt", "--check", "-", input=result.out).status == 0


def test_what_was_not_converted_is_a_line_on_standard_error(invoke: Invoke, repository: Path) -> None:
    result = invoke("pipeline", "import", "concourse", "-", input=PIPELINE)
    assert result.status == 0
    assert result.err.startswith("<stdin>:6: file: repo/ci/unit.yml: the file was not given")
    assert "# Not converted: file: repo/ci/unit.yml" in result.out


def test_a_result_that_is_not_valid_is_printed_and_fails(invoke: Invoke) -> None:
    text = "resources: [{name: r, type: git, source: {}}]\n"
    result = invoke("pipeline", "import", "concourse", "-", input=text)
    assert result.status == 1
    assert 'resource "git" "r" {}' in result.out
    assert '<stdout>:3:1: error: Missing param "url"' in result.err


def test_what_a_file_says_cannot_steer_a_terminal(invoke: Invoke) -> None:
    result = invoke("pipeline", "import", "concourse", "-", input='jobs: [{name: j, "\\e[31m": 1}]\n')
    assert "[31m: it has no counterpart" in result.err
    assert "\x1b" not in result.out + result.err


def test_files_of_tasks_stay_in_their_folder(invoke: Invoke, repository: Path) -> None:
    (repository / "ci.yml").write_text(PIPELINE.replace("repo/ci/unit.yml", "repo/../ci.yml"))
    result = invoke("pipeline", "import", "concourse", str(repository / "ci.yml"), "--files", f"repo={repository}/repo")
    assert (result.status, result.out) == (1, "")
    assert "is not in" in result.err


@pytest.mark.parametrize("text", ["a: [", "- a", "a: &a [*a]"])
def test_a_damaged_file_is_one_clear_error(invoke: Invoke, text: str) -> None:
    result = invoke("pipeline", "import", "concourse", "-", input=text)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("Error: <stdin>")
    assert len(result.err.splitlines()) <= 2


@pytest.mark.parametrize("arguments", [(), ("missing.yml",), ("-", "--files", "repo"), ("-", "--files", "repo=/none")])
def test_a_wrong_command_line_ends_with_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert invoke("pipeline", "import", "concourse", *arguments).status == 2
