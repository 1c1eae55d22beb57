"""The commands that a new server shows work where they are shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pikoci.server.command import read_settings, server
from pikoci.server.greeting import command_name, greeting


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an environment in it, in which the program was started by its path."""
    program = tmp_path / ".venv" / "bin" / "pikoci"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", [".venv/bin/pikoci", "server"])
    monkeypatch.delenv("MAKELEVEL", raising=False)
    return tmp_path


def greet(*arguments: str) -> str:
    values = server.make_context("server", list(arguments)).params
    return greeting(read_settings(values), "admin", "secret")


def test_a_program_in_a_clone_is_named_by_its_path(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_name() == ".venv/bin/pikoci"
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "argv", [str(clone / ".venv/bin/pikoci")])
    assert command_name() == str(clone / ".venv/bin/pikoci").removeprefix("/")


def test_an_installed_program_is_named_alone(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(clone / ".venv/bin"))
    assert command_name() == "pikoci"


def test_it_says_how_to_take_another_port_and_to_keep_everything(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = greet()
    assert "    .venv/bin/pikoci client login --url http://localhost:8080 --user admin\n" in text
    assert "  Another port:  --port 8081\n" in text
    assert "  Ctrl-C forgets everything, unless you start with --db-system sqlite\n" in text
    monkeypatch.setenv("MAKELEVEL", "1")
    text = greet()
    assert "  Another port:  PORT=8081 make run\n" in text
    assert "unless you start with ARGS='--db-system sqlite' make run\n" in text


def test_what_is_kept_is_not_said_to_be_forgotten(clone: Path) -> None:
    assert "forgets" not in greet("--db-system", "sqlite")
