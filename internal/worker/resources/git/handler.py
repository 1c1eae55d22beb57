"""Checking, cloning and pushing git repositories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pikoci.internal.worker.resources.git.cloning import Clone
from pikoci.internal.worker.resources.git.describing import describe
from pikoci.internal.worker.resources.git.forge_api import ForgeApis
from pikoci.internal.worker.resources.git.listing import list_commits, list_tags, resolve_branch, told_if_empty
from pikoci.internal.worker.resources.git.mirror import ALL_TAGS, Mirror, branch_refspec
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.pull_requests import (
    PullRequests,
    fetch_pull,
    forge_or_fail,
    is_wanted,
    version_of,
)
from pikoci.internal.worker.resources.git.pushing import push_head
from pikoci.internal.worker.resources.git.seen import remembered
from pikoci.internal.worker.resources.git.source import (
    GitSource,
    checked_branch,
    checked_commit,
    depth_of,
    read_source,
)
from pikoci.internal.worker.resources.git.unchanged import UnchangedTags
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed


class GitType:
    """Versions are `{"ref", "branch"}` for commits, `{"ref", "tag"}` for tags and `{"ref", "pr", "branch", "base"}` for
    pull requests, `ref` being the commit's full id.
    """

    def __init__(self) -> None:
        self._apis = ForgeApis()
        self._tags = UnchangedTags()

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """Fetch into the mirror and list what is new."""
        source = read_source(call.params)
        git = Git(call, source)
        mirror = Mirror(call, source, git)
        if is_wanted(call.params):
            return self._find_pull_requests(call, source, git, mirror)
        find = _find_tags if source.tag else _find_commits

        def found() -> list[Version]:
            with mirror.locked():
                versions = mirror.mended(lambda: find(call, source, git, mirror, previous))
                describe(call, source, git, mirror.path, versions)
            return versions

        if source.tag and not source.branch:
            return self._tags.find(call, source, git, previous, found)
        return found()

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Clone from the mirror and check out the version's commit; `origin` is the repository's own address."""
        source = read_source(call.params)
        commit = checked_commit(version.get("ref"))
        branch = checked_branch(text_of(version.get("branch")))
        target = _directory(call, call.params)
        if target.exists() and any(target.iterdir()):
            raise StepError(failed(f'cannot clone into "{target.name}": the directory is not empty'))
        git = Git(call, source)
        mirror = Mirror(call, source, git)
        clone = Clone(call, source, git, target, depth_of(call.params), tags=bool(call.params.get("tags")))
        is_pull = "pr" in version
        if is_pull:
            branch = f"pr-{version['pr']}"  # its own branch's name may be any, such as that of another branch here

        def copy() -> None:
            if is_pull:
                fetch_pull(mirror, forge_or_fail(source), source, version, commit)
            clone.copy(mirror, commit)

        with mirror.locked():
            mirror.mended(copy)
        clone.check_out(commit, branch, submodules=bool(call.params.get("submodules")))

    def _find_pull_requests(self, call: ResourceCall, source: GitSource, git: Git, mirror: Mirror) -> list[Version]:
        """All that are wanted, whatever was found before: the server knows which ones are new."""
        requests = PullRequests(call, source, git, mirror)
        listed = requests.listed(self._apis)
        with mirror.locked():
            found = mirror.mended(lambda: requests.fetched(listed))
            versions = [version_of(pull) for pull in found]
            describe(call, source, git, mirror.path, versions, more=requests.about(found))
        return versions

    def push(self, call: ResourceCall) -> list[Version]:
        """Push HEAD of a directory to a branch."""
        source = read_source(call.params)
        put = call.put_params
        branch = checked_branch(text_of(put.get("branch"))) or source.branch
        if not branch:
            raise StepError(failed("a put to git needs a branch, on the put or on the resource"))
        directory = _directory(call, {**call.params, **put})
        return [push_head(call, source, directory, branch, force=bool(put.get("force")))]


def _find_tags(
    call: ResourceCall, source: GitSource, git: Git, mirror: Mirror, previous: Version | None
) -> list[Version]:
    with told_if_empty(git, mirror, source):
        mirror.fetch(ALL_TAGS, *([branch_refspec(source.branch)] if source.branch else []))
    with remembered(call, source) as seen:
        return list_tags(git, mirror, source, seen, previous, call.settings.check_versions_limit)


def _find_commits(
    call: ResourceCall, source: GitSource, git: Git, mirror: Mirror, previous: Version | None
) -> list[Version]:
    branch = resolve_branch(git, mirror, source)
    with told_if_empty(git, mirror, source):
        mirror.fetch(branch_refspec(branch))
    before = (previous or {}).get("ref")
    known = checked_commit(before) if before is not None else None
    return list_commits(git, mirror, source, branch, known, call.settings.check_versions_limit)


def _directory(call: ResourceCall, params: Mapping[str, object]) -> Path:
    name = text_of(params.get("name")) or call.resource.name
    try:
        return call.workspace.inside(name)
    except ValueError as error:
        raise StepError(failed(str(error))) from error
