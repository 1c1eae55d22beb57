"""Repositories for tests of the git resource type, and what a room does with them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from pikoci.internal.domain.plan import GetStep, Resource, ResourceType
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record

GIT = ResourceType(name="git", builtin="git")


class Repository:
    """An upstream repository made by the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.run("init", "-q", "-b", "main")

    def run(self, *arguments: str) -> str:
        identity = {
            f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        env = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(["git", *arguments], cwd=self.path, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, file: str, content: str = "x", message: str = "change") -> str:
        target = self.path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        self.run("add", ".")
        self.run("commit", "-q", "--allow-empty", "-m", message)
        return self.run("rev-parse", "HEAD")


def resource(upstream: Repository, **params: object) -> Resource:
    return Resource(type="git", name="repo", params={"url": str(upstream.path), **params})


def refs(result: Any) -> list[str]:
    assert result.error == ""
    return [version["ref"] for version in result.versions]


def pull(room: Room, source: Resource, version: dict[str, object], script: str, **params: object) -> Record:
    return room.run_job(
        GetStep(id="1", name="repo", resource="git.repo", params=params),
        task(script, id="2"),
        resources=[source],
        inputs={"repo": version},
    )
