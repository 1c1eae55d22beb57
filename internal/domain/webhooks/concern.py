"""Whether an event can mean new versions of a resource."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from pikoci.internal.domain import secret_text
from pikoci.internal.domain.webhooks.globs import Globs, UnsureError
from pikoci.internal.domain.webhooks.model import Change, Event, Ping, PullRequest, Push

_COUNTING = ("branch", "tag", "pr", "paths", "ignore_paths")


def passed_over(event: Event, builtin: str, params: Mapping[str, object]) -> str:
    """Why the event has nothing for a resource with these params, of a type that is `builtin` if that is not empty.

    Empty where the resource is to be checked: for all but git, any event but a ping asks for that.
    """
    if isinstance(event, Ping):
        return "a ping"
    counting = {name: params[name] for name in _COUNTING if name in params}
    if builtin != "git" or event is None or list(secret_text.references(counting)):
        return ""
    counting = secret_text.fill(counting, str)
    if isinstance(event, PullRequest) or _is_set(counting.get("pr")):
        is_wanted = isinstance(event, PullRequest) and _is_set(counting.get("pr"))
        return "" if is_wanted else f"{_of(event)} is nothing that this resource follows"
    reasons = [_unwanted(change, event, counting) for change in event.changes]
    return "" if "" in reasons or not reasons else reasons[0]


def _of(event: Push | PullRequest) -> str:
    return "a push" if isinstance(event, Push) else "a pull request"


def _unwanted(change: Change, event: Push, params: Mapping[str, object]) -> str:
    """Why a change makes no version; empty where it may make one."""
    if change.deleted:
        return f"a {change.kind} was deleted"
    branch, tag = str(params.get("branch", "")), params.get("tag")
    if _is_set(tag):
        if change.kind == "tag":
            return "" if tag in {True, "true"} or fnmatchcase(change.name, str(tag)) else "another tag"
        # Tags count once they lie on the branch, which may be pushed after them.
        return "" if change.name == branch else "no tag"
    if change.kind == "tag":
        return "a tag is nothing that this resource follows"
    wanted = branch or event.default_branch
    if wanted and change.name != wanted:
        return "another branch"
    return "" if _touches(change.files, params) else "no file that this resource follows"


def _is_set(value: object) -> bool:
    """Whether a param that is true, a text or not given says yes; as the worker reads it."""
    return bool(value) and value != "false"


def _touches(files: frozenset[str] | None, params: Mapping[str, object]) -> bool:
    """Whether a push of these files may have changed one that counts."""
    paths, ignored = _texts(params.get("paths")), _texts(params.get("ignore_paths"))
    if files is None or not (paths or ignored):
        return True
    try:
        wanted, unwanted = Globs(paths), Globs(ignored)
    except UnsureError:
        return True
    return any((not paths or wanted.may_match(file)) and not unwanted.surely_match(file) for file in files)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
