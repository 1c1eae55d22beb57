"""Runs the command line inside this process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pikoci.cli import main


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Invoke]:
    """Run `pikoci ARGS...` as the program does, with a configuration directory of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("PIKOCI_URL", "PIKOCI_TOKEN", "JWT_SECRET", "NO_COLOR", "TEAM"):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str, input: str | bytes = "", env: Mapping[str, str] | None = None) -> Result:  # noqa: A002 - click's name
        monkeypatch.setattr(sys, "argv", ["pikoci", *arguments])
        with CliRunner().isolation(input=input, env=env) as (out, err, _):
            with pytest.raises(SystemExit) as ended:
                main()
            sys.stdout.flush()
            sys.stderr.flush()
            status = ended.value.code
            return Result(status if isinstance(status, int) else 0, out.getvalue().decode(), err.getvalue().decode())

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
