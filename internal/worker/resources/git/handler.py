"""Checking, cloning and pushing git repositories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pikoci.internal.worker.execution.environment import text_of
from pikoci.internal.worker.execution.outcome import StepError, errored, failed
from pikoci.internal.worker.resources.git.listing import list_commits, list_tags, resolve_branch
from pikoci.internal.worker.resources.git.mirror import Mirror
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import (
    GitSource,
    checked_branch,
    checked_commit,
    depth_of,
    read_source,
)
from pikoci.internal.worker.resources.model import ResourceCall, Version

_ALL_BRANCHES = "+refs/heads/*:refs/heads/*"
_ALL_TAGS = "+refs/tags/*:refs/tags/*"
_DAMAGE = ("cannot lock ref", "bad object", "corrupt", "did not send all necessary objects", "unable to read")


class GitType:
    """Versions are `{"ref", "branch"}` for commits and `{"ref", "tag"}` for tags, `ref` being the commit's full id."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """Fetch into the mirror and list what is new. A mirror that turns out to be broken is made anew, once."""
        source = read_source(call.params)
        git = Git(call, source)
        mirror = Mirror(call, source, git)
        with mirror.locked():
            try:
                return _list(call, source, git, mirror, previous or {})
            except StepError as error:
                if error.outcome.cause is not None or not _tells_of_damage(error.outcome.reason):
                    raise
                mirror.renew()
                return _list(call, source, git, mirror, previous or {})

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Clone from the mirror and check out the version's commit; `origin` is the repository's own address."""
        source = read_source(call.params)
        commit = checked_commit(version.get("ref"))
        branch = checked_branch(text_of(version.get("branch")))
        target = _directory(call, call.params)
        if target.exists() and any(target.iterdir()):
            raise StepError(errored(f'cannot clone into "{target.name}": the directory is not empty'))
        git = Git(call, source)
        mirror = Mirror(call, source, git)
        with mirror.locked():
            _ensure(mirror, source, commit)
            _clone(git, mirror, source, target, commit, depth_of(call.params))
        checkout = ["-B", branch, commit] if branch else ["--detach", commit]
        git.remote("checkout", "--quiet", *checkout, cwd=target)
        if call.params.get("submodules"):
            depth = [f"--depth={depth}"] if (depth := depth_of(call.params)) else []
            git.remote("submodule", "--quiet", "update", "--init", "--recursive", *depth, cwd=target)
        call.on_output(git.local("log", "-1", "--no-color", "--format=%H %an: %s", cwd=target))

    def push(self, call: ResourceCall) -> Version | None:
        """Push HEAD of a directory to a branch.

        This goes through a repository of its own that borrows the objects, so that no hook or setting that a task left
        in the directory ever sees the credentials.
        """
        source = read_source(call.params)
        put = call.put_params
        branch = checked_branch(text_of(put.get("branch"))) or source.branch
        if not branch:
            raise StepError(errored("a put to git needs a branch, on the put or on the resource"))
        directory = _directory(call, {**call.params, **put})
        if not directory.is_dir():
            raise StepError(errored(f'there is no directory "{directory.name}" to push from'))
        git = Git(call, source)
        found = git.local("rev-parse", "--absolute-git-dir", "HEAD", cwd=directory).decode().split("\n")
        repository, commit = Path(found[0]), checked_commit(found[1])
        lender = _borrow(call, git, repository)
        force = ["--force"] if put.get("force") else []
        target = f"{commit}:refs/heads/{branch}"
        git.remote("push", "--quiet", "--no-verify", *force, "--", source.url, target, cwd=lender)
        return {"ref": commit, "branch": branch}


def _list(call: ResourceCall, source: GitSource, git: Git, mirror: Mirror, previous: Version) -> list[Version]:
    before = previous.get("ref")
    if source.tag:
        mirror.fetch(_ALL_TAGS, *([_branch_refspec(source.branch)] if source.branch else []))
        tag = previous.get("tag")
        return list_tags(git, mirror, source, tag if isinstance(tag, str) else None)
    branch = resolve_branch(git, mirror, source)
    mirror.fetch(_branch_refspec(branch))
    known = checked_commit(before) if before is not None else None
    return list_commits(git, mirror, source, branch, known, call.settings.check_versions_limit)


def _tells_of_damage(reason: str) -> bool:
    """Whether a failure lies in the mirror: a local command failed, or git names broken objects or clashing refs."""
    return not reason.startswith(("git fetch", "git ls-remote")) or any(sign in reason for sign in _DAMAGE)


def _branch_refspec(branch: str) -> str:
    return f"+refs/heads/{branch}:refs/heads/{branch}"


def _directory(call: ResourceCall, params: Mapping[str, object]) -> Path:
    name = text_of(params.get("name")) or call.resource.name
    try:
        return call.workspace.inside(name)
    except ValueError as error:
        raise StepError(errored(str(error))) from error


def _ensure(mirror: Mirror, source: GitSource, commit: str) -> None:
    """Have the commit in the mirror, whatever branch or tag it is on now."""
    if mirror.has(commit):
        return
    mirror.fetch(_ALL_BRANCHES, _ALL_TAGS)
    if not mirror.has(commit):
        raise StepError(failed(f"{source.url} no longer has the commit {commit}; a forced push may have removed it"))


def _clone(git: Git, mirror: Mirror, source: GitSource, target: Path, commit: str, depth: int) -> None:
    """Copy the mirror without checking out; by hard links, so that a later clean-up there takes nothing away here."""
    if depth:
        git.local("init", "--quiet", str(target), cwd=mirror.path)
        wanted = ["fetch", "--quiet", "--no-tags", f"--depth={depth}", "--", f"file://{mirror.path}", commit]
        git.local(*wanted, cwd=target)
        git.local("remote", "add", "origin", source.url, cwd=target)
        return
    git.local("clone", "--quiet", "--no-checkout", "--local", "--", str(mirror.path), str(target), cwd=mirror.path)
    git.local("remote", "set-url", "origin", source.url, cwd=target)


def _borrow(call: ResourceCall, git: Git, repository: Path) -> Path:
    lender = call.workspace.private_path(".git")
    git.local("init", "--quiet", "--bare", str(lender), cwd=call.workspace.root)
    (lender / "objects" / "info" / "alternates").write_text(f"{repository / 'objects'}\n", encoding="utf-8")
    shallow = repository / "shallow"
    if shallow.is_file():
        (lender / "shallow").write_bytes(shallow.read_bytes())
    return lender
