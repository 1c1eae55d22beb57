"""What setting a pipeline would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from pikoci.internal.domain import secret_text
from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_SECRET_TYPES, Param
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.domain.plan import Json, Notification, PipelineSpec, Resource, SecretType
from pikoci.internal.pipeline.masks import HIDDEN

#: Shown after a change of a secret value, since before and after it look the same.
HIDDEN_CHANGE = "(sensitive, changed)"

What = Literal[
    "env",
    "source",
    "variable",
    "secret_type",
    "resource_type",
    "runner_type",
    "service_type",
    "notification_type",
    "resource",
    "notification",
    "job",
]
_ORDER: tuple[What, ...] = get_args(What)


class Detail(msgspec.Struct, frozen=True):
    """One difference: where, and the values before and after; None where there is none. Secrets are hidden."""

    path: str
    before: Json
    after: Json


class Change(msgspec.Struct, frozen=True):
    """One thing of a pipeline that was added, removed or changed. Changed things and new sources have details."""

    kind: Literal["added", "removed", "changed"]
    what: What
    name: str
    details: list[Detail] = []


def diff(old: PipelineSpec | None, new: PipelineSpec) -> list[Change]:
    """What is different in `new`: environment, secrets, types, resources, notifications, then jobs, in source order.

    A thing that got another name counts as one removed and one added. Without an `old`, everything is added.
    """
    before, after = _things(old or PipelineSpec()), _things(new)
    masks = sorted({*(old.masks if old else ()), *new.masks}, key=len, reverse=True)
    changes = []
    for key in [*after, *(key for key in before if key not in after)]:
        change = _change(key, before.get(key), after.get(key), masks)
        if change is not None:
            changes.append(change)
    return sorted(changes, key=lambda change: _ORDER.index(change.what))


_Key = tuple[What, str]


def _things(spec: PipelineSpec) -> dict[_Key, Any]:
    things: dict[_Key, Any] = {("env", name): {"value": value} for name, value in spec.env.items()}
    for source in spec.sources:
        things["source", f"{source.block}.{source.name}"] = {"address": source.address, "sha256": source.sha256}
    things |= {("secret_type", store.name): _store(store) for store in spec.secrets.types}
    things |= {("resource", resource.canonical): _resource(resource, spec) for resource in spec.resources}
    things |= {("notification", found.canonical): _notification(found, spec) for found in spec.notifications}
    named: dict[What, Sequence[Any]] = {
        "variable": spec.secrets.variables,
        "resource_type": spec.resource_types,
        "runner_type": spec.runner_types,
        "service_type": spec.service_types,
        "notification_type": spec.notification_types,
        "job": spec.jobs,
    }
    for what, found in named.items():
        things |= {(what, one.name): _plain(one) for one in found}
    return things


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _resource(resource: Resource, spec: PipelineSpec) -> Any:
    """The resource as plain data, with secret params wrapped so that they compare but never show."""
    kind = spec.resource_type(resource.type)
    builtin = BUILTIN_RESOURCE_TYPES.get(kind.builtin if kind else "")
    plain = _plain(resource)
    _wrap(plain.get("params", {}), builtin.params if builtin else ())
    if secret := spec.webhook_secrets.get(resource.canonical):
        plain["webhook_secret"] = _Sensitive(secret)
    return plain


def _notification(notification: Notification, spec: PipelineSpec) -> Any:
    """The notification as plain data, its secret params wrapped as a resource's."""
    kind = next((found.builtin for found in spec.notification_types if found.name == notification.type), "")
    builtin = BUILTIN_NOTIFICATION_TYPES.get(kind)
    plain = _plain(notification)
    _wrap(plain.get("params", {}), builtin.params if builtin else ())
    return plain


def _store(kind: SecretType) -> Any:
    plain = _plain(kind)
    builtin = BUILTIN_SECRET_TYPES.get(kind.builtin)
    _wrap(plain.get("config", {}), builtin.params if builtin else ())
    return plain


def _wrap(values: dict[str, Any], table: Iterable[Param]) -> None:
    for param in table:
        if param.sensitive and param.name in values:
            values[param.name] = _Sensitive(values[param.name])


class _Sensitive:
    """A value that may be compared, but not shown."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sensitive) and self._value == other._value

    def __hash__(self) -> int:
        return hash(repr(self._value))


def _change(key: _Key, before: Any, after: Any, masks: list[str]) -> Change | None:
    what, name = key
    if before is None:
        details = [Detail(path, None, value) for path, value in after.items()] if what == "source" else []
        return Change("added", what, name, details)
    if after is None:
        return Change("removed", what, name)
    details = [
        _detail(path, _shown(old, masks), _shown(new, masks)) for path, old, new in _differences("", before, after)
    ]
    return Change("changed", what, name, details) if details else None


def _detail(path: str, before: Json, after: Json) -> Detail:
    return Detail(path, before, _marked(after) if before == after else after)


def _marked(value: Json) -> Json:
    """A value that differs from another in nothing but secrets, with these marked as changed."""
    if isinstance(value, str):
        return value.replace(HIDDEN, HIDDEN_CHANGE)
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """The paths at which two plain values differ, with both values. Ids are positions, and left out."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if key != "id":
                yield from _differences(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))
    elif _named(before) and _named(after) and (before or after):
        yield from _named_differences(path, before, after)
    else:
        yield path, before, after


def _named_differences(path: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    old, new = _by_name(before), _by_name(after)
    for name in [*old, *(name for name in new if name not in old)]:
        yield from _differences(f"{path}[{name}]", old.get(name), new.get(name))
    common_before, common_after = [name for name in old if name in new], [name for name in new if name in old]
    if common_before != common_after:
        yield f"{path} order", common_before, common_after


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and "id" in item for item in value)


def _by_name(items: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Steps by kind and name, hooks by their place."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in items:
        name = f"{item['kind']} {item['name']}".strip() if "kind" in item else str(item["id"]).rpartition("/")[2]
        found[name if name not in found else f"{name} ({item['id']})"] = item
    return found


def _shown(value: Any, masks: list[str]) -> Json:
    if isinstance(value, _Sensitive):
        return HIDDEN
    if isinstance(value, str):
        value = secret_text.shown(value)
        for mask in masks:
            value = value.replace(mask, HIDDEN)
        return value
    if isinstance(value, dict):
        return {key: _shown(item, masks) for key, item in value.items() if key != "id"}
    if isinstance(value, list):
        return [_shown(item, masks) for item in value]
    if value is not None and not isinstance(value, bool) and str(value) in masks:
        return HIDDEN
    return value
