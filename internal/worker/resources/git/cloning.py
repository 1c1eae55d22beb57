"""A clone in the work directory."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.worker.resources.git.mirror import ALL_BRANCHES, ALL_TAGS, Mirror
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.tools.outcome import StepError, failed


class Clone:
    """A clone at `target` that does not need the mirror any more; with `depth` 0 it has all of the history."""

    def __init__(
        self, call: ResourceCall, source: GitSource, git: Git, target: Path, depth: int, *, tags: bool
    ) -> None:
        self._call = call
        self._source = source
        self._git = git
        self._target = target
        self._depth = depth
        self._tags = tags

    def copy(self, mirror: Mirror, commit: str) -> None:
        """Copy the mirror, which is locked, without checking out; the mirror has the commit afterwards."""
        git, target, source = self._git, self._target, self._source
        if self._tags:
            mirror.fetch(ALL_TAGS)
        _ensure(mirror, source, commit)
        if self._depth:
            tags = ["refs/tags/*:refs/tags/*"] if self._tags else []
            git.local("init", "--quiet", "--", str(target), cwd=mirror.path)
            wanted = ["fetch", "--quiet", "--no-tags", f"--depth={self._depth}", "--", f"file://{mirror.path}"]
            git.local(*wanted, commit, *tags, cwd=target)
            git.local("remote", "add", "origin", source.url, cwd=target)
            return
        # Hard links cost nothing, but a build user could change the mirror by them.
        links = ["--no-hardlinks"] if self._call.user is not None else []
        wanted = ["clone", "--quiet", "--no-checkout", "--local", *links, "--", str(mirror.path), str(target)]
        git.local(*wanted, cwd=mirror.path)
        git.local("remote", "set-url", "origin", source.url, cwd=target)

    def check_out(self, commit: str, branch: str, *, submodules: bool) -> None:
        """Check out the commit, on the branch if there is one."""
        git, target = self._git, self._target
        git.remote("checkout", "--quiet", *(["-B", branch, commit] if branch else ["--detach", commit]), cwd=target)
        if submodules:
            depth = [f"--depth={self._depth}"] if self._depth else []
            git.remote("submodule", "--quiet", "update", "--init", "--recursive", *depth, cwd=target)
        if not git.has_lfs and git.local("ls-files", "--", ":(top,attr:filter=lfs)", cwd=target):
            self._call.note("the commit has files in Git LFS, and this worker has no git-lfs: they stay pointers")
        self._call.on_output(git.local("log", "-1", "--no-color", "--format=%H %an: %s", cwd=target))


def _ensure(mirror: Mirror, source: GitSource, commit: str) -> None:
    """Have the commit in the mirror, whatever branch or tag it is on now."""
    if mirror.has(commit):
        return
    mirror.fetch(ALL_BRANCHES, ALL_TAGS)
    if not mirror.has(commit):
        raise StepError(failed(f"{source.url} no longer has the commit {commit}; a forced push may have removed it"))
