"""Which commits or tags of a mirror are new versions."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatchcase

import structlog

from pikoci.internal.worker.resources.git.mirror import Mirror
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.seen import SeenTags, Tag
from pikoci.internal.worker.resources.git.source import GitSource, checked_branch
from pikoci.internal.worker.resources.model import Version
from pikoci.internal.worker.tools.outcome import StepError, failed

_log = structlog.get_logger(__name__)
_EMPTY = "the repository has no commits yet"
_TAG_FORMAT = "%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname:strip=2)"
_CI_SKIP = ("--fixed-strings", "--invert-grep", "--grep=[ci skip]", "--grep=[skip ci]")


def resolve_branch(git: Git, mirror: Mirror, source: GitSource) -> str:
    """The branch to follow: the given one, or the one that the host calls its default."""
    if source.branch:
        return source.branch
    answer = git.remote("ls-remote", "--symref", "--", source.url, "HEAD", cwd=mirror.path)
    for line in answer.splitlines():
        if line.startswith(b"ref: refs/heads/"):
            name = line.removeprefix(b"ref: refs/heads/").split(b"\t")[0]
            try:
                return checked_branch(name.decode())
            except UnicodeDecodeError:
                raise StepError(failed("the default branch's name is not UTF-8; give the resource a branch")) from None
    if _is_empty(git, mirror, source):
        raise StepError(failed(_EMPTY))
    raise StepError(failed("the repository has no default branch; give the resource a branch"))


@contextmanager
def told_if_empty(git: Git, mirror: Mirror, source: GitSource) -> Generator[None]:
    """Say so when a branch is not found since nothing is there yet."""
    try:
        yield
    except StepError as error:
        if "couldn't find remote ref" in error.outcome.reason and _is_empty(git, mirror, source):
            raise StepError(failed(_EMPTY)) from error
        raise


def list_commits(
    git: Git, mirror: Mirror, source: GitSource, branch: str, previous: str | None, limit: int
) -> list[Version]:
    """The commits of a branch after `previous`, oldest first, along the branch's own line (first parents).

    Only the newest without a previous one, or when a forced push took that away.
    """
    tip = f"refs/heads/{branch}"
    after = previous is not None and git.succeeds("merge-base", "--is-ancestor", previous, tip, cwd=mirror.path)
    revisions = f"{previous}..{tip}" if after else tip
    wanted = ["--first-parent", "--reverse", f"--max-count={limit if after else 1}", *(_CI_SKIP * source.ci_skip)]
    output = git.local("rev-list", *wanted, revisions, *source.pathspecs, cwd=mirror.path)
    found: list[Version] = [{"ref": commit, "branch": branch} for commit in output.decode().split()]
    return [] if not after and found and found[0]["ref"] == previous else found


def list_tags(
    git: Git, mirror: Mirror, source: GitSource, seen: SeenTags, previous: Version | None, limit: int
) -> list[Version]:
    """The tags that are new or have moved, in the order of their dates; only the newest without a previous one."""
    merged = [f"--merged=refs/heads/{source.branch}"] if source.branch else []
    sort = ["--sort=version:refname", "--sort=creatordate"]
    output = git.local("for-each-ref", *sort, *merged, f"--format={_TAG_FORMAT}", "refs/tags", cwd=mirror.path)
    tags: list[Tag] = []
    strange: list[str] = []
    for line in output.splitlines():
        own, kind, peeled, peeled_kind, raw = line.split(b" ", 4)
        key = f"{own.decode()} {raw.decode('utf-8', 'backslashreplace')}"
        commit = own if kind == b"commit" else peeled if peeled_kind == b"commit" else b""
        if _is_text(raw):
            if commit and fnmatchcase(raw.decode(), source.tag):
                tags.append(Tag(raw.decode(), commit.decode(), key))
        else:
            strange.append(key)
            if not seen.is_known(key):
                _log.warning("passed over a tag whose name is not UTF-8", url=source.url, tag=key.split(" ")[1])
    found = seen.choose(tags, previous, limit)
    seen.offer([*(tag.key for tag in tags), *strange], found, previous)
    return found


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_empty(git: Git, mirror: Mirror, source: GitSource) -> bool:
    return not git.remote("ls-remote", "--quiet", "--", source.url, cwd=mirror.path).strip()
