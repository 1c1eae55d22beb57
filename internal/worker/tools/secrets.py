"""Secrets of a build or check: which values must never be seen, and the values that complete the texts of its plan.

This is the one place where a plan's texts are completed (see `secret_text`), just before they are used. Every value is
known to the masks before anybody has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import msgspec

from pikoci.internal.domain import secret_text
from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES
from pikoci.internal.domain.plan import Json, Resource, ResourceType, Secrets, SecretType, SecretVariable
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, errored, failed
from pikoci.internal.worker.tools.secret_error import SecretError
from pikoci.internal.worker.tools.secret_values import value_of

_SHORTEST = 3  # hiding every "1" of a log helps nobody


class SecretStore(Protocol):
    """Where secrets are read; see `secret_stores`."""

    def read(
        self, kind: SecretType, config: Mapping[str, Json], path: str, fill: Callable[[Any], Any], lifetime: Lifetime
    ) -> Mapping[str, object]:
        """The values of the secret at `path` by their keys. Raises SecretError, and StepError when it is stopped."""


class SecretReader:
    """Completes texts of one build's or check's plan.

    A value is read once until `forget`, which whatever begins a step calls. `masks` grows by every value.
    """

    def __init__(self, secrets: Secrets, masks: list[str], store: SecretStore) -> None:
        self._variables = {variable.name: variable for variable in secrets.variables}
        self._types = {kind.name: kind for kind in secrets.types}
        self._masks = masks
        self._store = store
        self._values: dict[str, str] = {}
        self._read: dict[bytes, Mapping[str, object]] = {}

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._values.clear()
        self._read.clear()

    def fill(self, value: Any, lifetime: Lifetime) -> Any:
        """`value`, plain data of the plan, with every text complete.

        Raises StepError where a secret cannot be had, and when `lifetime` stops.
        """
        return secret_text.fill(value, lambda name: self._value(name, lifetime))

    def fill_params(
        self, params: Mapping[str, Json], resource: Resource, kind: ResourceType, lifetime: Lifetime
    ) -> dict[str, Json]:
        """Complete the params of a resource; what in them is secret only by its place is masked, too."""
        filled: dict[str, Json] = self.fill(dict(params), lifetime)
        whole = msgspec.structs.replace(resource, params=filled)
        self._learn(collect_masks([], [whole], [kind]))
        return filled

    def _learn(self, texts: Iterable[str]) -> None:
        for text in texts:
            if len(text.strip()) >= _SHORTEST and text not in self._masks:
                self._masks.append(text)

    def _value(self, name: str, lifetime: Lifetime) -> str:
        known = self._values.get(name)
        if known is not None:
            return known
        variable = self._variables.get(name)
        kind = self._types.get(variable.secret_type) if variable else None
        if variable is None or kind is None:
            raise StepError(errored(f"the plan does not say where to read var.{name}"))
        try:
            text = self._fetch(variable, kind, lifetime)
        except SecretError as error:
            raise StepError(failed(f"no value for var.{name} from {kind.name}: {error}")) from error
        if variable.type != "bool":
            self._learn([text])
        self._values[name] = text
        return text

    def _fetch(self, variable: SecretVariable, kind: SecretType, lifetime: Lifetime) -> str:
        def fill(value: Any) -> Any:
            return self.fill(value, lifetime)

        config = fill(kind.config)
        path = fill(variable.path) or str(config.get("path", ""))
        place = msgspec.json.encode((kind.name, path, config))
        key = fill(variable.key)
        found = self._read.get(place)  # a step beside this one may forget it at any time
        if found is None:
            found = self._read[place] = self._store.read(kind, config, path, fill, lifetime)
        return value_of(found, key, variable.type)


def collect_masks(masks: Iterable[str], resources: Iterable[Resource], types: Iterable[ResourceType]) -> list[str]:
    """`masks`, the sensitive params of `resources`, and passwords in their addresses."""
    found = dict.fromkeys(masks)
    builtin = {kind.name: kind.builtin for kind in types}
    for resource in resources:
        kind = BUILTIN_RESOURCE_TYPES.get(builtin.get(resource.type, resource.type))
        for param in kind.params if kind else ():
            value = resource.params.get(param.name)
            if param.sensitive:
                values = value.values() if isinstance(value, dict) else [value]
                found.update(dict.fromkeys(text for text in values if isinstance(text, str)))
        found.update(dict.fromkeys(_password(resource.params.get("url"))))
    return [mask for mask in found if mask and not mask.startswith(secret_text.FORM)]


def _password(url: object) -> list[str]:
    """The password in an address, as written and as meant."""
    try:
        password = urlsplit(url).password if isinstance(url, str) else None
    except ValueError:
        return []
    return [password, unquote(password)] if password else []
