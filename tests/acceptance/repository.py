"""A real git repository with a program and its tests, for a pipeline to watch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

GOOD = "answer() { echo 42; }\n"
BAD = "answer() { echo 41; }\n"
TESTS = """#!/bin/sh
. ./answer.sh
if [ "$(answer)" = 42 ]; then echo "ok: the answer is 42"; else echo "not ok: $(answer)"; exit 1; fi
"""


class Repository:
    """Commits to `main`; nothing of the user's git configuration is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        (folder / "run-tests.sh").write_text(TESTS)

    def commit(self, program: str, message: str) -> str:
        """Commit this text as answer.sh; the commit's hash."""
        (self.folder / "answer.sh").write_text(program)
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def publish(self, upstream: Path) -> None:
        """Make `upstream`, a bare repository with what is here."""
        upstream.parent.mkdir(parents=True, exist_ok=True)
        self.git("clone", "--quiet", "--bare", str(self.folder), str(upstream))
        self.git("remote", "add", "origin", str(upstream))

    def push(self, commit: str, ref: str = "refs/heads/main") -> None:
        """Make a ref of the upstream this commit, by force."""
        self.git("push", "--quiet", "--force", "origin", f"{commit}:{ref}")

    def git(self, *arguments: str) -> str:
        """Run git in the folder; what it prints."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
        }
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, check=True, capture_output=True, text=True)
        return done.stdout
