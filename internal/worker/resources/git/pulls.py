"""Open pull requests, as the published APIs of GitHub, GitLab and Gitea list them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

import msgspec

from pikoci.internal.domain.forges import Forge
from pikoci.internal.worker.resources.git.forge_api import ForgeApis
from pikoci.internal.worker.resources.model import ResourceCall

#: Open pull requests that a check looks at: those that were changed last.
MOST = 1000
_DRAFT_TITLE = re.compile(r"\s*(\[WIP\]|WIP:|Draft:|\[Draft\])", re.IGNORECASE)

_Number = Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
_Commit = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """An open pull request: its newest commit, where that comes from and what it is to be merged to.

    What forges tell of it is somebody's text. `fork` says that the commit comes from another repository.
    """

    number: int
    commit: str
    branch: str
    base: str
    title: str
    labels: frozenset[str]
    draft: bool
    fork: bool


class _Label(msgspec.Struct):
    name: str


class _GithubRepository(msgspec.Struct):
    id: int


class _GithubEnd(msgspec.Struct):
    ref: str
    sha: _Commit
    repo: _GithubRepository | None = None  # a fork may have been deleted


class _Github(msgspec.Struct):
    number: _Number
    title: str
    head: _GithubEnd
    base: _GithubEnd
    labels: list[_Label] = []
    draft: bool = False

    def pull(self) -> Pull | None:
        ends = self.head.repo, self.base.repo
        return Pull(
            number=self.number,
            commit=self.head.sha,
            branch=self.head.ref,
            base=self.base.ref,
            title=self.title,
            labels=frozenset(label.name for label in self.labels),
            draft=self.draft,
            fork=ends[0] is None or ends[1] is None or ends[0].id != ends[1].id,
        )


class _GiteaEnd(msgspec.Struct):
    ref: str
    sha: _Commit
    repo_id: int


class _Gitea(msgspec.Struct):
    number: _Number
    title: str
    head: _GiteaEnd
    base: _GiteaEnd
    labels: list[_Label] | None = None
    draft: bool | None = None  # servers before 1.22 have the title alone

    def pull(self) -> Pull | None:
        return Pull(
            number=self.number,
            commit=self.head.sha,
            branch=self.head.ref,
            base=self.base.ref,
            title=self.title,
            labels=frozenset(label.name for label in self.labels or ()),
            draft=bool(_DRAFT_TITLE.match(self.title)) if self.draft is None else self.draft,
            fork=self.head.repo_id != self.base.repo_id or self.head.repo_id <= 0,
        )


class _Gitlab(msgspec.Struct):
    iid: _Number
    title: str
    source_branch: str
    target_branch: str
    target_project_id: int
    sha: _Commit | None = None  # a merge request need not have a commit
    source_project_id: int | None = None  # a fork may have been deleted
    labels: list[str] = []
    draft: bool | None = None  # servers before 14 have the other name
    work_in_progress: bool = False

    def pull(self) -> Pull | None:
        if self.sha is None:
            return None
        return Pull(
            number=self.iid,
            commit=self.sha,
            branch=self.source_branch,
            base=self.target_branch,
            title=self.title,
            labels=frozenset(self.labels),
            draft=self.work_in_progress if self.draft is None else self.draft,
            fork=self.source_project_id != self.target_project_id,
        )


class PullList(msgspec.Struct, frozen=True):
    """Open pull requests, the one that was changed last at the beginning. There may be `more` than were looked at."""

    pulls: list[Pull]
    more: bool


def open_pulls(apis: ForgeApis, call: ResourceCall, forge: Forge, base: str, *, token: str, ca: str) -> PullList:
    """The open pull requests of a repository, each once, at most `MOST`; only those to the branch `base`, if given.

    Raises StepError with the reason, or when and why the forge has to be left alone.
    """
    found: dict[int, Pull] = {}
    seen = 0
    for page in _pages(apis, call, forge, base, token, ca):
        if seen >= MOST:
            return PullList(list(found.values()), more=True)
        seen += len(page)
        for item in page:
            pull = item.pull()
            if pull is not None and (not base or pull.base == base):
                found.setdefault(pull.number, pull)  # one that changes meanwhile moves to another page
    return PullList(list(found.values()), more=False)


def _pages(
    apis: ForgeApis, call: ResourceCall, forge: Forge, base: str, token: str, ca: str
) -> Iterator[list[_Github] | list[_Gitlab] | list[_Gitea]]:
    match forge.provider:
        case "github":
            query = {"state": "open", "sort": "updated", "direction": "desc", "per_page": "100"}
            query |= {"base": base} if base else {}
            yield from apis.pages(
                call, forge, f"repos/{quote(forge.project)}/pulls", query, _Github, token=token, ca=ca
            )
        case "gitlab":
            query = {"state": "opened", "order_by": "updated_at", "sort": "desc", "per_page": "100"}
            query |= {"target_branch": base} if base else {}
            path = f"projects/{quote(forge.project, safe='')}/merge_requests"
            yield from apis.pages(call, forge, path, query, _Gitlab, token=token, ca=ca)
        case "gitea":
            query = {"state": "open", "sort": "recentupdate", "limit": "50"}
            yield from apis.pages(call, forge, f"repos/{quote(forge.project)}/pulls", query, _Gitea, token=token, ca=ca)
