"""Columns that both databases declare in their own way."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, Context, ForeignKeyField, Model, NodeList, TextField


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
    """Text that sorts by code point on every database, so that lists and their cursors agree."""

    def ddl(self, ctx: Context) -> NodeList:
        """Add PostgreSQL's C collation; SQLite compares bytes anyway."""
        column = super().ddl(ctx)
        if _is_postgresql(ctx):
            column.nodes += (SQL('COLLATE "C"'),)
        return column


def owner(model: type[Model], **options: Any) -> ForeignKeyField:
    """A reference to the row that this one belongs to and goes away with. Indexes are declared in `indexes`."""
    return ForeignKeyField(model, on_delete="CASCADE", index=False, **options)
