"""How the language is described: blocks, attributes, and what each of them takes.

The tables in `language` are made of these. The same tables check a file, convert its values, and write the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: What a label can name. A block either declares such a thing or refers to one.
Namespace = Literal[
    "variable",
    "resource_type",
    "resource",
    "runner",
    "secret_type",
    "service_type",
    "notification_type",
    "notification",
    "job",
]


class ConversionError(ValueError):
    """A value does not fit. Its text is one clause that says what would fit; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. `convert` makes it from an evaluated HCL value or raises ConversionError.

    `placeholder` stands in where the value depends on a variable that has none yet. With `syntax`, the expression is
    read as it is written and never evaluated.
    """

    name: str
    convert: Callable[[Any], Any]
    placeholder: Any = None
    syntax: bool = False


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """One attribute of a block."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class BlockSchema:
    """One kind of block, in one place of the language.

    `key` is unique; its part after the last dot is the block's type. `blocks` are the keys of the blocks inside.
    `labels` names the labels for people; with `label_optional` there may be none. `declares` and `refers` tell what
    the labels name. `free` describes the attributes of any name that it takes; empty means that it takes none.
    `single` blocks stand at most once in their parent.
    """

    key: str
    description: str
    labels: tuple[str, ...] = ()
    attributes: tuple[AttributeSchema, ...] = ()
    blocks: tuple[str, ...] = ()
    label_optional: bool = False
    declares: Namespace | None = None
    refers: Namespace | None = None
    free: str = ""
    single: bool = False
    required: bool = False
    supported: bool = True
    by_name: Mapping[str, AttributeSchema] = field(init=False, repr=False, compare=False)
    children: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {attribute.name: attribute for attribute in self.attributes})
        object.__setattr__(self, "children", {key.rpartition(".")[2]: key for key in self.blocks})

    @property
    def type(self) -> str:
        """The word that opens the block."""
        return self.key.rpartition(".")[2]

    def form(self) -> str:
        """How the block is written, for messages: `resource "type" "name" { ... }`."""
        words = [self.type, *(f'"{label}"' for label in self.labels)]
        return " ".join(words) + " { ... }"
