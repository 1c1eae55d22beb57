"""Who gets the password: only a prompt for the resource's own host, whatever the address looks like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.git.program import ASKPASS

HOST = "git.example.com:8443"


def ask(folder: Path, prompt: str) -> str | None:
    script = folder / "askpass"
    script.write_text(ASKPASS)
    env = {"PIKOCI_GIT_HOST": HOST, "PIKOCI_GIT_USERNAME": "ann", "PIKOCI_GIT_PASSWORD": "secret"}
    done = subprocess.run(["sh", str(script), prompt], env=env, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        (f"Username for 'https://{HOST}': ", "ann\n"),
        (f"Password for 'https://ann@{HOST}': ", "secret\n"),
        (f"Password for 'https://ann%40example.org@{HOST}': ", "secret\n"),
        (f"Password for 'https://ann@example.org@{HOST}': ", "secret\n"),
        (f'Username for "https://{HOST}/team/app.git/info/lfs"', "ann\n"),
    ],
)
def test_the_own_host_gets_an_answer(tmp_path: Path, prompt: str, answer: str) -> None:
    assert ask(tmp_path, prompt) == answer


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.com",
        f"https://{HOST}.evil.com",
        f"https://evil.com//{HOST}/",
        f"https://evil.com/@{HOST}",
        f"https://{HOST}'@evil.com",
        f"https://{HOST}/@evil.com",
        f"https://{HOST}/'@evil.com/",
        f"https://{HOST}@evil.com",
        f"https://evil.com/x@{HOST}/",
    ],
)
def test_no_other_does(tmp_path: Path, address: str) -> None:
    for prompt in (f"Username for '{address}': ", f'Password for "{address}"'):
        assert ask(tmp_path, prompt) is None
