"""What the program keeps to itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pikoci.server.command import server
from pikoci.server.worker_token import worker_token
from pikoci.shared.options import Setting
from pikoci.worker.command import worker

SECRET_WORDS = ("secret", "password", "token", "users", "server-url")
NOT_SECRET = {"api-token-lifetime", "log-worker-token", "build-users-group", "secret-key-lost"}

PROGRAM = """
import ctypes, runpy, sys
sys.argv = ["pikoci", "version"]
try:
    runpy.run_module("pikoci", run_name="__main__")
except SystemExit:
    pass
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_the_program_is_closed_to_others_of_its_user() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("command", [server, worker, worker_token], ids=lambda command: str(command.name))
def test_what_sounds_secret_is_marked_as_such(command: object) -> None:
    settings = [param for param in command.params if isinstance(param, Setting)]  # type: ignore[attr-defined]
    names = {max(setting.opts, key=len).lstrip("-"): setting.secret for setting in settings}
    assert {name for name, secret in names.items() if secret} == {
        name for name in names if any(word in name for word in SECRET_WORDS) and name not in NOT_SECRET
    }


@pytest.mark.parametrize("arguments", [[], ["--jwt-secret", "x" * 40]])
def test_secrets_leave_the_environment_whether_they_are_used_or_not(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", "y" * 40)
    found = CliRunner().invoke(worker_token, arguments)
    assert found.exit_code == 0
    assert "JWT_SECRET" not in os.environ
