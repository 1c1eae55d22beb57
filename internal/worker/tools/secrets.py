"""Which values must never be seen: those that the server names, and the sensitive params of built-in types."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES
from pikoci.internal.domain.plan import Resource, ResourceType


def collect_masks(masks: Iterable[str], resources: Iterable[Resource], types: Iterable[ResourceType]) -> list[str]:
    """`masks`, the sensitive params of `resources`, and passwords in their addresses."""
    found = dict.fromkeys(masks)
    builtin = {kind.name: kind.builtin for kind in types}
    for resource in resources:
        kind = BUILTIN_RESOURCE_TYPES.get(builtin.get(resource.type, resource.type))
        for param in kind.params if kind else ():
            value = resource.params.get(param.name)
            if param.sensitive and isinstance(value, str):
                found[value] = None
        found.update(dict.fromkeys(_password(resource.params.get("url"))))
    return [mask for mask in found if mask]


def _password(url: object) -> list[str]:
    """The password in an address, as written and as meant."""
    try:
        password = urlsplit(url).password if isinstance(url, str) else None
    except ValueError:
        return []
    return [password, unquote(password)] if password else []
