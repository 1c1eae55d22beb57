"""What the documentation names is there: commands, options, settings, files."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pikoci.reference import walk_commands
from pikoci.server.command import server
from tests.unit.docs.markdown import PAGES, ROOT, blocks

WRITTEN = [page for page in PAGES if page.name not in {"cli.md", "pipeline-reference.md"}]

#: Where the documentation of the code looks for a path.
FOLDERS = (ROOT, ROOT / "internal", ROOT / "cmd" / "pikoci")

_SPAN = re.compile(r"`([^`\n]+)`")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_VARIABLE = re.compile(r"[A-Z][A-Z_]+(?==)")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|hcl|yaml|env|toml|md)")


def _spans(page: Path) -> list[str]:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return _SPAN.findall(text)


def _commands(page: Path) -> list[str]:
    """Command lines of the program, in text and in blocks."""
    lines = [line.removeprefix("$ ") for block in blocks(page, "console", "sh") for line in block.text.splitlines()]
    return [text for text in (*_spans(page), *lines) if text.startswith("pikoci ")]


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    return {
        name: {option for param in command.get_params(ctx) for option in (*param.opts, *param.secondary_opts)}
        for name, command, ctx in walk_commands()
    }


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page: Path, options: dict[str, set[str]]) -> None:
    groups = {name.rpartition(" ")[0] for name in options}
    for text in _commands(page):
        first, *words = text.split()
        name = first
        while name in groups and words and re.fullmatch("[a-z-]+", words[0]) and not words[0].startswith("-"):
            name = f"{name} {words.pop(0)}"
        assert name in options, text
        assert set(_FLAG.findall(text)) <= options[name], text


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_options_in_the_text_are_there(page: Path, options: dict[str, set[str]]) -> None:
    known = set().union(*options.values())
    assert {flag for span in _spans(page) for flag in _FLAG.findall(span)} <= known


def test_variables_of_the_server_are_there() -> None:
    known = {option.envvar for option in server.params if isinstance(option, click.Option)}
    named = {name for span in _spans(ROOT / "docs" / "server.md") for name in _VARIABLE.findall(span)}
    assert named - {"KEY", "NAME", "SIGQUIT"} <= known | {"KillSignal", "TimeoutStopSec"}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_files_of_the_code_are_there(page: Path) -> None:
    named = {path for span in _spans(page) for path in _PATH.findall(span)}
    assert [path for path in sorted(named) if not any((folder / path).exists() for folder in FOLDERS)] == []
