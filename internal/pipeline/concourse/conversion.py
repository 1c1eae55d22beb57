"""What all parts of a conversion share: the text so far, names, variables, and what could not be converted."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BuiltinResourceType
from pikoci.internal.domain.names import LABEL
from pikoci.internal.pipeline.concourse import document
from pikoci.internal.pipeline.concourse.writing import VARIABLE, Writer

_SECRET = re.compile(r"pass|secret|token|key|credential|cert", re.IGNORECASE)
_TRUE = ("true", "yes", "on")


class Loss(msgspec.Struct, frozen=True):
    """Something that was not converted, or not wholly: where it stands, what it is, and why."""

    line: int
    what: str
    reason: str


@dataclass(frozen=True)
class ResourceName:
    """What a resource of Concourse is called here. `image` is set for one that is a container image.

    `only_image` says that there is no need for the resource itself, since tasks name the image.
    """

    type: str
    name: str
    image: str = ""
    only_image: bool = False


@dataclass
class Conversion:
    """One conversion. `task_files` are the files that tasks may name, by their path."""

    task_files: Mapping[str, document.Mapping]
    losses: list[Loss] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    resources: dict[str, ResourceName] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    own_types: set[str] = field(default_factory=set)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.variable)

    def lost(self, line: int, what: str, reason: str, *, comment: bool = True) -> None:
        """Tell that something was not converted: in the report, and as a comment in its place."""
        what = " ".join(what.split())[:100]
        self.losses.append(Loss(line, what, reason))
        if comment:
            self.writer.comment(f"Not converted: {what}: {reason}")

    def variable(self, name: str) -> str | None:
        """The expression for a variable of Concourse, which is declared by that. None for one of a step."""
        if name.startswith(".:"):
            return None
        wanted = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "value"
        wanted = wanted if wanted[0].isalpha() else f"v_{wanted}"
        taken = {known: original for original, known in self.variables.items()}
        while taken.get(wanted, name) != name:
            wanted += "_"
        self.variables[name] = wanted
        return f"var.{wanted}"

    def builtin(self, kind: str) -> BuiltinResourceType | None:
        """The type as it is built in; None where it is not, or the file has one of that name."""
        return None if kind in self.own_types else BUILTIN_RESOURCE_TYPES.get(kind)

    def is_secret(self, name: str) -> bool:
        """Whether a variable's name says that it holds a secret."""
        return bool(_SECRET.search(name))

    def label(self, name: str, line: int, taken: Collection[str] = ()) -> str:
        """A name as a label; told where it had to change."""
        label = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:90] or "unnamed"
        number, first = 2, label
        while label in taken:
            label, number = f"{first}-{number}", number + 1
        if label != name or not LABEL.allows(label):
            self.lost(line, name, f'the name is "{label}" here', comment=False)
        return label

    def left_out(self, found: document.Mapping, known: Collection[str], silent: Collection[str] = ()) -> None:
        """Tell which keys of a map have no counterpart."""
        for key in found:
            if key not in known and key not in silent:
                self.lost(found.lines[key], key, "it has no counterpart")

    def text(self, found: document.Mapping, key: str) -> str:
        """A string or number; empty if it is not there."""
        value = found.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.lost(found.lines[key], key, "a text is expected")
        return ""

    def flag(self, found: document.Mapping, key: str) -> bool | str:
        """A bool, or a variable that holds one."""
        value = found.get(key)
        if isinstance(value, str):
            return value if VARIABLE.fullmatch(value) else value.lower() in _TRUE
        return value is True

    def count(self, found: document.Mapping, key: str) -> int | str | None:
        """A whole number, a variable that holds one, or None."""
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and VARIABLE.fullmatch(value):
            return value
        if value is not None:
            self.lost(found.lines[key], key, "a whole number is expected")
        return None

    def texts(self, found: document.Mapping, key: str) -> list[str]:
        """A list of strings; one alone counts as a list."""
        value = found.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [str(item) for item in items if isinstance(item, str | int | float) and not isinstance(item, bool)]

    def mapping(self, found: document.Mapping, key: str) -> document.Mapping:
        """A map; empty if it is not there."""
        value = found.get(key)
        if isinstance(value, document.Mapping):
            return value
        if value is not None:
            self.lost(found.lines[key], key, "a map is expected")
        return document.Mapping(found.line)

    def mappings(self, found: document.Mapping, key: str) -> list[document.Mapping]:
        """The maps of a list."""
        value = found.get(key)
        if value is not None and not isinstance(value, document.Sequence):
            self.lost(found.lines[key], key, "a list is expected")
        items = value if isinstance(value, document.Sequence) else document.Sequence()
        for item, line in zip(items, items.lines, strict=True):
            if not isinstance(item, document.Mapping):
                self.lost(line, key, "a map is expected here")
        return [item for item in items if isinstance(item, document.Mapping)]

    def params(self, given: document.Mapping, renamed: Mapping[str, str], table: Collection[str] | None) -> None:
        """Write params, each under its name here. Those that a `table` does not know are told; None knows all."""
        for key, value in given.items():
            name = renamed.get(key, key)
            if table is not None and name not in table:
                self.lost(given.lines[key], key, "it has no counterpart")
            elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
                self.lost(given.lines[key], key, "this can't be the name of a param")
            else:
                self.writer.argument(name, value)


def plain(value: Any) -> str:
    """A value of an environment variable, as Concourse makes it one."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
