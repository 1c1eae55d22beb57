from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pikoci.cli import cli
from pikoci.reference import render_cli_reference, walk_commands

ROOT = Path(__file__).parents[4]
COMMANDS = [(name, command) for name, command, _ in walk_commands() if name != "pikoci"]
EXAMPLES = [
    (name, " ".join(paragraph.removeprefix("Example: ").split()))
    for name, command in COMMANDS
    for paragraph in (command.help or "").split("\n\n")
    if paragraph.startswith("Example: ")
]


def test_the_reference_in_the_documentation_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == render_cli_reference(), "write it anew: docs/generate.py"


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_has_an_example_of_itself(name: str, command: click.Command) -> None:
    assert re.search(rf"Example: .*{re.escape(name)}", command.help or "", re.DOTALL)


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_and_command_says_what_it_is(name: str, command: click.Command) -> None:
    assert command.get_short_help_str()
    for option in command.params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), f"{name} {option.name}"


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line[:60] for _, line in EXAMPLES])
def test_every_example_is_a_command_line_that_works(
    name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (
        "pipeline.hcl",
        "configs/pipelines/hello.hcl",
        "pipelines/a.hcl",
        "jwt-secret",
        "ci.yml",
        "ci/pipeline.yml",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    (tmp_path / "vars.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    found = re.search(r"pikoci [^|<>)]*", line)
    assert found
    words = [word.replace("*", "a") for word in shlex.split(found[0])][1:]
    command: click.Command = cli
    while isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words.pop(0))
        assert inner is not None
        command = inner
    with command.make_context(name, words):
        pass
