"""Columns: how each is declared, and how its values change between an entity and a row.

`to_row` and `from_row`, where a column has them, turn an entity's value into what is stored and back: functions, or a
dictionary for `from_row`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import attrgetter
from typing import Any

import msgspec
from peewee import (
    SQL,
    BigAutoField,
    BlobField,
    BooleanField,
    Context,
    ForeignKeyField,
    Model,
    NodeList,
    TextField,
)

from pikoci.internal.store.values import encode_json, key_text, shown_text

Conversion = Callable[[Any], Any]


def _is_postgresql(ctx: Context) -> bool:
    return bool(ctx.state.for_update)


class Id(BigAutoField):
    """A key that is never given twice, also after its row was deleted: queue messages and claims outlive rows."""

    def ddl(self, ctx: Context) -> NodeList:
        """Add AUTOINCREMENT on SQLite, which would otherwise reuse the highest deleted key."""
        column = super().ddl(ctx)
        if not _is_postgresql(ctx):
            column.nodes += (SQL("AUTOINCREMENT"),)
        return column


class Text(TextField):
    """Text that sorts by code point on every database, so that lists and their cursors agree. It is kept as it is."""

    def ddl(self, ctx: Context) -> NodeList:
        """Add PostgreSQL's C collation; SQLite compares bytes anyway."""
        column = super().ddl(ctx)
        if _is_postgresql(ctx):
            column.nodes += (SQL('COLLATE "C"'),)
        return column


class ShownText(Text):
    """Text for people, made storable if it is not."""

    to_row: Conversion = staticmethod(shown_text)


class Name(Text):
    """Text that must be kept exactly: InvalidError names `what` it is when it can't be. NULL is read as empty."""

    def __init__(self, what: str, **options: Any) -> None:
        super().__init__(**options)
        self.to_row: Conversion = lambda value: key_text(value, what)
        if self.null:
            self.from_row: Conversion = lambda value: value or ""


class Json(Text):
    """A value as canonical JSON, decoded as `kind`; None is NULL."""

    def __init__(self, kind: Any, **options: Any) -> None:
        super().__init__(**options)
        decode = msgspec.json.Decoder(kind).decode
        self.to_row: Conversion = lambda value: None if value is None else encode_json(value)
        self.from_row: Conversion = lambda value: None if value is None else decode(value)


class Choice(Text):
    """A member of an enumeration, by its value."""

    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self.to_row: Conversion = attrgetter("value")
        self.from_row = {member.value: member for member in kind}


class Tags(Text):
    """A list of tags, joined by `+`."""

    to_row: Conversion = staticmethod("+".join)
    from_row: Conversion = staticmethod(lambda value: value.split("+") if value else [])


class Flag(BooleanField):
    """Yes or no; SQLite has numbers for it."""

    from_row: Conversion = staticmethod(bool)


class Bytes(BlobField):
    """Bytes; PostgreSQL's driver gives a view of its own memory."""

    from_row: Conversion = staticmethod(bytes)


def owner(model: type[Model], **options: Any) -> ForeignKeyField:
    """A reference to the row that this one belongs to and goes away with. Indexes are declared in SQL."""
    return ForeignKeyField(model, on_delete="CASCADE", index=False, **options)
