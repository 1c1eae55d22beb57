"""Every example in the documentation is one that works."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from pikoci.internal.domain.errors import Diagnostic
from pikoci.internal.pipeline import load
from pikoci.server.command import read_settings, server
from pikoci.worker.command import check_settings, worker
from tests.unit.docs.markdown import ROOT, Block, all_blocks

LANGUAGES = {"hcl", "console", "sh", "json", "yaml", "env", "text", "mermaid"}

#: What fragments refer to, where they don't declare it themselves.
SURROUNDINGS = {
    'variable "url"': 'variable "url" {\n  default = "https://example.com/app.git"\n}',
    'variable "token"': 'variable "token" {\n  default = "secret"\n  sensitive = true\n}',
    'resource "git" "app"': 'resource "git" "app" {\n  params {\n    url = var.url\n  }\n}',
    'resource "trigger" "start"': 'resource "trigger" "start" {}',
    'resource "artifact" "build"': 'resource "artifact" "build" {}',
    'job "test"': 'job "test" {\n  get "git" "app" {\n    trigger = true\n  }\n}',
}


def _diagnostics(text: str) -> list[Diagnostic]:
    return load(text, filename="example.hcl", now=datetime.now(UTC), allow_missing_variables=True).diagnostics


def _whole(block: Block) -> str:
    text = f'job "example" {{\n{block.text}}}\n' if "steps" in block.marks else block.text
    if not {"steps", "fragment"} & block.marks.keys():
        return text
    return "\n".join([text, *(declared for start, declared in SURROUNDINGS.items() if start not in text)])


@pytest.mark.parametrize("block", all_blocks("hcl"), ids=str)
def test_a_pipeline_is_valid_or_refused_as_the_page_says(block: Block) -> None:
    found = [f"{one.summary} {one.detail} {one.hint}" for one in _diagnostics(_whole(block))]
    refused = block.marks.get("refused")
    if refused is None:
        assert found == []
    else:
        assert any(refused in text for text in found), found


@pytest.mark.parametrize("block", all_blocks("json"), ids=str)
def test_json_can_be_read(block: Block) -> None:
    json.loads(block.text)


def _settings(monkeypatch: pytest.MonkeyPatch, file: Path, command: click.Command = server) -> None:
    """Read the settings as the command would, the environment being only what the file says. Raises click's errors."""
    known = {str(option.envvar) for option in command.params if isinstance(option, click.Option)}
    for name in known:
        monkeypatch.delenv(name, raising=False)
    arguments = ["--config", str(file)]
    if file.suffix == ".env":
        arguments = []
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        for name, value in (line.split("=", 1) for line in lines):
            assert name in known, name
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(file.parent)
    values = command.make_context(str(command.name), arguments).params
    if command is worker:
        check_settings(values)
    else:
        read_settings(values)


@pytest.mark.parametrize("block", [one for one in all_blocks() if "config" in one.marks], ids=str)
def test_settings_are_taken(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / f"server.{block.language}"
    file.write_text(block.text, encoding="utf-8")
    for name in ("app.hcl", "vars.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    _settings(monkeypatch, file, worker if block.marks["config"] == "worker" else server)


@pytest.mark.parametrize("name", ["server.yaml", "server.env"])
def test_the_example_files_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _settings(monkeypatch, ROOT / "configs" / name)


@pytest.mark.parametrize("block", all_blocks(), ids=str)
def test_a_block_has_a_language_that_is_checked_somewhere(block: Block) -> None:
    if block.page.name != "cli.md":
        assert block.language in LANGUAGES
    if block.language in {"yaml", "env"}:
        assert {"config", "inventory", "play", "file"} & block.marks.keys()


@pytest.mark.parametrize("block", all_blocks("sh"), ids=str)
def test_targets_of_make_are_there(block: Block) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in block.text.splitlines():
        if line.startswith("make "):
            assert f"\n{line.split()[1]}:" in makefile
