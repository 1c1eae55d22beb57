"""Pushes as GitHub, Gitea, Forgejo and GitLab tell of them, which is nearly the same way."""

from __future__ import annotations

from typing import Literal

import msgspec

from pikoci.internal.domain.webhooks.model import Change, Event, Push

#: A commit with so many files, and a push with so many commits where the forge gives no number, may not be all there.
_MANY_FILES = 300
_MANY_COMMITS = 20
#: More than this, or longer names, are not compared with anything.
_MOST_FILES = 1000
_LONGEST_NAME = 500
_DEEPEST = 32


class Forge(msgspec.Struct, frozen=True):
    """How a forge tells that its list of commits is whole: by the number of them, or by leaving out none."""

    counts: bool


GITHUB = Forge(counts=False)
GITEA = GITLAB = Forge(counts=True)


class _Commit(msgspec.Struct):
    added: list[str] | None = None
    modified: list[str] | None = None
    removed: list[str] | None = None

    @property
    def files(self) -> list[str]:
        return [*(self.added or ()), *(self.modified or ()), *(self.removed or ())]


class _Repository(msgspec.Struct):
    default_branch: str | None = None


class _Push(msgspec.Struct):
    ref: str
    before: str = ""
    after: str = ""
    created: bool = False
    deleted: bool = False
    forced: bool = False
    commits: list[_Commit] | None = None
    total_commits: int | None = None
    total_commits_count: int | None = None
    repository: _Repository | None = None
    project: _Repository | None = None

    @property
    def total(self) -> int | None:
        """How many commits were pushed, as Gitea or GitLab says."""
        return self.total_commits if self.total_commits is not None else self.total_commits_count


class _Ref(msgspec.Struct):
    ref: str
    ref_type: Literal["branch", "tag"]


# Made here, where there is one thread, as `plan` says.
_PUSH, _REF = msgspec.json.Decoder(_Push), msgspec.json.Decoder(_Ref)


def read_push(body: bytes, forge: Forge) -> Event:
    """The push that the body tells of; None for one of something else than a branch or tag. Raises as msgspec does."""
    push = _PUSH.decode(body)
    is_gone = push.deleted or _is_nothing(push.after)
    change = _change(push.ref, deleted=is_gone, files=None if is_gone else _files(push, forge))
    named = push.project or push.repository or _Repository()
    return Push((change,), named.default_branch or "") if change else None


def read_ref(body: bytes, *, deleted: bool) -> Event:
    """The branch or tag that the body says was made or deleted. Raises as msgspec does."""
    found = _REF.decode(body)
    prefix = "refs/heads/" if found.ref_type == "branch" else "refs/tags/"
    return Push((Change(found.ref_type, found.ref.removeprefix(prefix), deleted=deleted),))


def _change(ref: str, *, deleted: bool, files: frozenset[str] | None) -> Change | None:
    if ref.startswith("refs/heads/"):
        return Change("branch", ref.removeprefix("refs/heads/"), deleted, files)
    return Change("tag", ref.removeprefix("refs/tags/"), deleted) if ref.startswith("refs/tags/") else None


def _is_nothing(commit: str) -> bool:
    """Whether an id is the one of zeros, which stands for what is not there."""
    return bool(commit) and not commit.strip("0")


def _files(push: _Push, forge: Forge) -> frozenset[str] | None:
    """The files between the branch as it was and is; None unless the event has them all."""
    commits = push.commits or []
    if push.created or push.forced or _is_nothing(push.before):
        return None
    is_whole = push.total == len(commits) if forge.counts else len(commits) < _MANY_COMMITS
    if not is_whole or any(len(commit.files) >= _MANY_FILES for commit in commits):
        return None
    files = frozenset(file for commit in commits for file in commit.files)
    is_plain = len(files) <= _MOST_FILES and all(
        len(file) <= _LONGEST_NAME and file.count("/") <= _DEEPEST for file in files
    )
    return files if files and is_plain else None
