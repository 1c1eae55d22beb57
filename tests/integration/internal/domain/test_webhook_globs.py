"""Globs of `paths` beside what git itself makes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pikoci.internal.domain.webhooks.globs import Globs
from tests.unit.internal.domain.webhooks.test_globs import FILES

GLOBS = """
src  src/  src/*  src/**  src/*.py  src/**/*.py  src/?.py  s?c  src*  src/**/er/**  src/deep/**  **/src  **/src/**
**/*.py  **  *  *.md  **/b.*  **/deep  **/deep/*  a.md  é  é/*  x/**  docs/*  **/*  */deep  **/f  */*.py  nothing  SRC
"""


def git(directory: Path, *words: str) -> str:
    command = ["git", "-C", str(directory), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.quotePath=false"]
    return subprocess.run([*command, *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("repository")
    git(directory, "init", "--quiet")
    for file in FILES:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text("x")
    git(directory, "add", ".")
    git(directory, "commit", "--quiet", "--message=all")
    return directory


@pytest.mark.parametrize("glob", GLOBS.split())
def test_nothing_is_missed_that_git_takes_and_nothing_ignored_that_it_keeps(repository: Path, glob: str) -> None:
    pathspec = f":(top,glob){glob}" if "**" in glob else f":(top){glob}"
    words = ["diff-tree", "-r", "--root", "--name-only", "--no-commit-id", "HEAD", "--", pathspec]
    taken = set(git(repository, *words).split())
    globs = Globs([glob])
    assert taken <= {file for file in FILES if globs.may_match(file)}
    assert {file for file in FILES if globs.surely_match(file)} <= taken
