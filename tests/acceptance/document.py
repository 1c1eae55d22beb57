"""Runs the commands of a documentation page, in order, as a reader at a terminal would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.services.process import free_port
from tests.unit.docs.markdown import ROOT, Block

BIN = Path(sys.executable).parent
DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.1
_MARK = "== the end of a command: "
_PASSWORD = re.compile(r"Log in as \S+ with the password (\S+)")
_ASKS = re.compile(r"^(pikoci client login|read )")


@dataclass
class Command:
    """A command of a console block and the lines shown below it."""

    text: str
    shown: list[str] = field(default_factory=list)

    def is_shown_by(self, output: str) -> bool:
        """Whether the output is what the page shows: all of it if nothing, `...` for any text or any lines."""
        if not self.shown:
            return True
        pattern = "".join(
            r"(?:.*\n)*" if line == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"[ \t]*\n"
            for line in self.shown
        )
        return re.fullmatch(pattern, output.rstrip("\n") + "\n") is not None


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block: lines that begin with `$ `, continued by lines that begin with `> `."""
    command: Command | None = None
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command
            command = Command(line[2:])
        elif command is None:
            raise ValueError(f"{block}: the first line is no command")
        elif line.startswith("> ") and not command.shown:
            command.text += f"\n{line[2:]}"
        else:
            command.shown.append(line)
    if command is not None:
        yield command


class Reader:
    """A shell in a folder with the clone's `configs` and `docs`, and at most one server.

    The page's `localhost:8080` is a port that is free here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("configs", "docs"):
            (folder / name).symlink_to(ROOT / name)
        self._port = free_port()
        self._password = ""
        self._server: subprocess.Popen[bytes] | None = None
        self._servers = 0
        self._env = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(folder),
            "HOST": "localhost",
            "PORT": str(self._port),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            # As on a machine where git knows nobody, and can't guess it from the names of user and machine.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "user.useConfigOnly",
            "GIT_CONFIG_VALUE_0": "true",
        }
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=self._env,
            text=True,
        )

    def read(self, block: Block) -> None:
        """Do what a block says. Fails where the program does something else than the page shows."""
        if "file" in block.marks:
            (self._here() / block.marks["file"]).write_text(self._local(block.text), encoding="utf-8")
        elif "server" in block.marks:
            [command] = commands(block)
            self._start(command)
        elif block.language == "console":
            for command in commands(block):
                self._do(command, block)

    def close(self) -> None:
        """End the shell and the server."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.wait(DEADLINE_SECONDS)
        self._shell.stdout.close()
        self._stop()

    def _do(self, command: Command, block: Block) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            status, output = self._run(command.text)
            right = command.is_shown_by(output) and (status != 0) == ("refused" in block.marks)
            if right or "retry" not in block.marks or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        assert right, f"{block}: $ {command.text}\nended with {status} and:\n{output}\n{self._log()}"

    def _run(self, text: str) -> tuple[int, str]:
        answer = self._folder / ".answer"
        answer.write_text(f"{self._password}\n" if _ASKS.match(text) else "", encoding="utf-8")
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{{ {self._local(text)}\n}} < {answer} 2>&1\nprintf '\\n{_MARK}%s\\n' $?\n")
        self._shell.stdin.flush()
        lines: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(_MARK):
                return int(line.removeprefix(_MARK)), self._as_on_the_page("".join(lines))[:-1]
            lines.append(line)
        raise AssertionError(f"the shell ended in: {text}")

    def _start(self, command: Command) -> None:
        self._stop()
        self._servers += 1
        text, environment = self._local(command.text), dict(self._env)
        if text == "make run":  # in the clone, with the environment that is there
            text = f"make --no-print-directory -C {ROOT} --old-file=.venv/.runtime-installed BIN={BIN} run"
            environment["PATH"] = os.environ["PATH"]  # where nobody has told the shell of the program yet
        with self._log_file().open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", text],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
        self._wait_until_ready()
        if found := _PASSWORD.search(self._log()):
            self._password = found[1]
        assert command.is_shown_by(self._log()), self._log()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            try:
                if (
                    httpx.get(f"http://127.0.0.1:{self._port}/readyz").status_code == 200
                    and "worker registered" in self._log()
                ):
                    return
            except httpx.TransportError:
                pass
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"no server came up:\n{self._log()}")

    def _here(self) -> Path:
        """The folder in which the shell is."""
        return Path(f"/proc/{self._shell.pid}/cwd").readlink()

    def _stop(self) -> None:
        """Press Ctrl-C."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGINT)
            self._server.wait(DEADLINE_SECONDS)
            self._server = None

    def _log_file(self) -> Path:
        return self._folder / f".server-{self._servers}.log"

    def _log(self) -> str:
        file = self._log_file()
        return self._as_on_the_page(file.read_text(encoding="utf-8", errors="replace")) if file.exists() else ""

    def _local(self, text: str) -> str:
        return text.replace("localhost:8080", f"localhost:{self._port}")

    def _as_on_the_page(self, text: str) -> str:
        return text.replace(f"localhost:{self._port}", "localhost:8080")
