"""Who made a commit, when and what for, and where it is seen: what is shown beside a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pikoci.internal.domain.metadata import URL
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall, Version

_FORMAT = "%H%n%an%n%aI%n%s"
_AT_ONCE = 1000


def describe(
    call: ResourceCall,
    source: GitSource,
    git: Git,
    repository: Path,
    versions: Sequence[Version],
    *,
    more: Mapping[str, Mapping[str, str]] | None = None,
    env: dict[str, str] | None = None,
) -> None:
    """Tell of each version what its commit, which is in `repository`, says; `more` is told of versions by commit.

    `env` is for git. Settings of the repository count, so it has to be one of the worker's own.
    """
    for start in range(0, len(versions), _AT_ONCE):
        some = versions[start : start + _AT_ONCE]
        commits = dict.fromkeys(str(version["ref"]) for version in some)
        options = ("--no-walk=unsorted", "--no-color", "--no-show-signature", "-z", f"--format={_FORMAT}")
        output = git.local("log", *options, *commits, "--", cwd=repository, env=env)
        known = dict(map(_read, filter(None, output.split(b"\0"))))
        for version in some:
            commit = str(version["ref"])
            page = {URL: source.forge.commit_page(commit)} if source.forge else {}
            call.descriptions.add(version, {**known.get(commit, {}), **page, **(more or {}).get(commit, {})})


def _read(record: bytes) -> tuple[str, dict[str, str]]:
    commit, author, date, message = record.decode("utf-8", "replace").split("\n", 3)
    return commit, {"author": author, "date": date, "message": message}
