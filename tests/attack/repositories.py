"""Repositories that are made with nobody's settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> str:
    """Run git with nobody's settings."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=_ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_repository(folder: Path, content: str) -> str:
    """A bare repository whose one commit has a file `answer`; the commit."""
    source = folder.with_suffix(".source")
    git(folder.parent, "init", "--quiet", "--initial-branch=main", str(source))
    (source / "answer").write_text(f"{content}\n")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "-m", content)
    git(folder.parent, "clone", "--quiet", "--bare", str(source), str(folder))
    return git(source, "rev-parse", "HEAD")


def add_commit(folder: Path, content: str) -> None:
    """One more commit, after which the file holds this."""
    source = folder.with_suffix(".source")
    (source / "answer").write_text(f"{content}\n")
    git(source, "commit", "--quiet", "-a", "-m", content)
    git(source, "push", "--quiet", str(folder), "main")
