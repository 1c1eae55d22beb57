from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cmd.pikoci.conftest import Invoke

ROUGH = 'job "a" {\n    task "t" {\n run "shell" { cmd="true" }\n}\n}\n'
NEAT = 'job "a" {\n  task "t" {\n    run "shell" { cmd = "true" }\n  }\n}\n'
BROKEN = 'job "a" {\n'


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    path = tmp_path / "rough.hcl"
    path.write_text(ROUGH)
    return path


@pytest.fixture
def neat(tmp_path: Path) -> Path:
    path = tmp_path / "neat.hcl"
    path.write_text(NEAT)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.hcl"
    path.write_text(BROKEN)
    return path


def test_files_are_formatted_in_place_and_those_that_changed_are_named(invoke: Invoke, rough: Path, neat: Path) -> None:
    before = neat.stat()
    result = invoke("pipeline", "fmt", str(rough), str(neat))
    assert (result.status, result.out, result.err) == (0, f"{rough}\n", "")
    assert rough.read_text() == NEAT
    assert neat.stat().st_ino == before.st_ino


def test_check_names_files_fails_and_writes_nothing(invoke: Invoke, rough: Path, neat: Path) -> None:
    result = invoke("pipeline", "fmt", "--check", str(rough), str(neat))
    assert (result.status, result.out) == (1, f"{rough}\n")
    assert rough.read_text() == ROUGH
    assert invoke("pipeline", "fmt", "--check", str(neat)).status == 0


def test_diff_shows_what_would_change_and_writes_nothing(invoke: Invoke, rough: Path) -> None:
    result = invoke("pipeline", "fmt", "--diff", str(rough))
    assert result.status == 0
    assert '-    task "t" {\n' in result.out
    assert '+  task "t" {\n' in result.out
    assert rough.read_text() == ROUGH
    assert invoke("pipeline", "fmt", "--diff", "--check", str(rough)).status == 1


def test_standard_input_goes_to_standard_output(invoke: Invoke) -> None:
    result = invoke("pipeline", "fmt", "-", input=ROUGH)
    assert (result.status, result.out) == (0, NEAT)
    assert invoke("pipeline", "fmt", "-", "--check", input=ROUGH).out == "<stdin>\n"


def test_line_ends_of_standard_input_stay(invoke: Invoke) -> None:
    assert invoke("pipeline", "fmt", "-", input=b"a=1\r\n").out == "a = 1\r\n"


def test_a_file_that_cannot_be_parsed_stays_and_the_others_are_formatted(
    invoke: Invoke, broken: Path, rough: Path
) -> None:
    result = invoke("pipeline", "fmt", str(broken), str(rough))
    assert result.status == 1
    assert result.err.startswith(f"{broken}:1:9: error: Unclosed block\n")
    assert broken.read_text() == BROKEN
    assert rough.read_text() == NEAT


def test_mode_and_links_stay(invoke: Invoke, rough: Path, tmp_path: Path) -> None:
    rough.chmod(0o640)
    link = tmp_path / "link.hcl"
    link.symlink_to(rough.name)
    assert invoke("pipeline", "fmt", str(link)).status == 0
    assert link.is_symlink()
    assert rough.read_text() == NEAT
    assert rough.stat().st_mode & 0o7777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.hcl", "rough.hcl"]


def test_a_pipe_is_not_replaced_by_a_file(invoke: Invoke) -> None:
    reader, writer = os.pipe()
    os.write(writer, ROUGH.encode())
    os.close(writer)
    result = invoke("pipeline", "fmt", f"/dev/fd/{reader}")
    os.close(reader)
    assert result.status == 1
    assert "is no regular file" in result.err


@pytest.mark.parametrize("arguments", [(), ("missing.hcl",), ("-", "-")])
def test_a_wrong_command_line_ends_with_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert invoke("pipeline", "fmt", *arguments).status == 2
