"""Pushing what a task left in a directory, which may hold anything."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.worker.resources.git.describing import describe
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource, checked_commit
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.tools.outcome import StepError, failed


def push_head(call: ResourceCall, source: GitSource, directory: Path, branch: str, *, force: bool) -> Version:
    """Push HEAD of a directory to a branch, and return the version that this made.

    This goes through a new repository that borrows the objects: no hook and no setting that a task left in the
    directory ever sees the credentials, or leads the push elsewhere. The directory may belong to another user.
    """
    if not directory.is_dir():
        raise StepError(failed(f'there is no directory "{directory.name}" to push from'))
    git = Git(call, source, _up_to(call.workspace.work, directory))
    commit = checked_commit(_line(git, "rev-parse", "--verify", "HEAD^{commit}", cwd=directory))
    absolute = ("rev-parse", "--path-format=absolute", "--git-path")
    objects = _line(git, *absolute, "objects", cwd=directory)
    shallow = _line(git, *absolute, "shallow", cwd=directory)
    lender = call.workspace.private_path(".git")
    git.local("init", "--quiet", "--bare", "--template=", "--", str(lender), cwd=call.workspace.root)
    borrowed = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(objects), "GIT_SHALLOW_FILE": shallow}
    git.remote(
        *("push", "--quiet", "--no-verify", *(["--force"] if force else []), "--", source.url),
        f"{commit}:refs/heads/{branch}",
        cwd=lender,
        env=borrowed,
    )
    version: Version = {"ref": commit, "branch": branch}
    describe(call, source, git, lender, [version], env=borrowed)
    return version


def _line(git: Git, *arguments: str, cwd: Path) -> str:
    return git.local(*arguments, cwd=cwd).decode("utf-8", "surrogateescape").removesuffix("\n")


def _up_to(top: Path, directory: Path) -> list[Path]:
    """The directory, and those above it that are still in the work directory: one of them is the repository."""
    found, top = [directory.resolve()], top.resolve()
    while found[-1] != top and found[-1].is_relative_to(top):
        found.append(found[-1].parent)
    return found


def _quoted(path: str) -> str:
    """A path as git reads it in a list: in quotes, so that it may hold colons and newlines."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
