"""Events of Bitbucket: of its cloud, and of Data Center, which tells the same in other words. Neither lists files."""

from __future__ import annotations

from typing import Literal

import msgspec

from pikoci.internal.domain.webhooks.model import Change, Event, Ping, PullRequest, Push

_KINDS: dict[str, Literal["branch", "tag"]] = {
    "branch": "branch",
    "named_branch": "branch",
    "tag": "tag",
    "annotated_tag": "tag",
}


class _Name(msgspec.Struct):
    name: str
    type: str = "branch"


class _CloudChange(msgspec.Struct):
    new: _Name | None = None
    old: _Name | None = None


class _CloudChanges(msgspec.Struct):
    changes: list[_CloudChange]


class _CloudRepository(msgspec.Struct):
    mainbranch: _Name | None = None


class _CloudPush(msgspec.Struct):
    push: _CloudChanges
    repository: _CloudRepository | None = None


class _Ref(msgspec.Struct):
    id: str


class _RefChange(msgspec.Struct):
    ref: _Ref
    type: str = ""


class _RefsChanged(msgspec.Struct):
    changes: list[_RefChange]


# Made here, where there is one thread, as `plan` says.
_CLOUD, _CENTER = msgspec.json.Decoder(_CloudPush), msgspec.json.Decoder(_RefsChanged)


def read(name: str, body: bytes) -> Event:
    """The event of that name. Raises as msgspec does."""
    if name == "diagnostics:ping":
        return Ping()
    if name.startswith(("pullrequest:", "pr:")):
        return PullRequest()
    if name == "repo:push":
        return _cloud(_CLOUD.decode(body))
    return _center(_CENTER.decode(body)) if name == "repo:refs_changed" else None


def _cloud(found: _CloudPush) -> Event:
    changes = []
    for one in found.push.changes:
        named = one.new or one.old
        if named is None or named.type not in _KINDS:
            return None
        changes.append(Change(_KINDS[named.type], named.name, deleted=one.new is None))
    main = found.repository.mainbranch if found.repository else None
    return Push(tuple(changes), main.name if main else "")


def _center(found: _RefsChanged) -> Event:
    changes = []
    for one in found.changes:
        _, place, name = (*one.ref.id.split("/", 2), "", "")[:3]
        if place not in {"heads", "tags"}:
            return None
        changes.append(Change("branch" if place == "heads" else "tag", name, deleted=one.type == "DELETE"))
    return Push(tuple(changes))
