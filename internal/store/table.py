"""What a table's rows are in the domain: statements' lists of columns and the way from rows to entities and back.

All of it follows from the model: a field of the entity is kept in the column of its name. So a column is declared once,
in `models`, and is selected, inserted, updated and read from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from peewee import DoubleField, Field, ForeignKeyField, Model

from pikoci.internal.store.session import Row, marks

T = TypeVar("T", bound=msgspec.Struct)


class Table(Generic[T]):
    """The columns of an entity. Statements name the table in full, never by an alias.

    `computed` has an expression for each field that is not kept in the table. Fields that are `fixed` are given with
    the row and not changed afterwards; an `Id` always is. A column without field is the store's own: a new row has the
    default that its model declares, or NULL.
    """

    #: The columns in the order that `read` expects, and a SELECT or RETURNING clause of them.
    columns: str
    select: str
    returning: str
    #: `a = ?, b = ?` for all that may change; `changing` gives the values.
    assignments: str
    #: `a = excluded.a, b = excluded.b` for all that may change.
    excluded: str
    #: The entity of a row that begins with `columns`; what follows them is ignored.
    read: Callable[[Row], T]
    #: Values for one row of `insert`.
    values: Callable[[T], tuple[Any, ...]]
    #: Values for `assignments`.
    changing: Callable[[T], tuple[Any, ...]]

    def __init__(
        self, model: type[Model], entity: type[T], *, computed: Mapping[str, str] | None = None, fixed: str = ""
    ) -> None:
        computed = computed or {}
        meta = model._meta  # noqa: SLF001 - peewee documents it
        self._name = meta.table_name
        fields: dict[str, Field] = {_attribute(field): field for field in meta.sorted_fields}
        kept = {name: fields[name] for name in entity.__struct_fields__ if name not in computed}
        inserted = {name: field for name, field in fields.items() if not field.auto_increment}
        changed = {name: field for name, field in kept.items() if name in inserted and name not in fixed.split()}
        places = [computed.get(name) or f"{self._name}.{kept[name].column_name}" for name in entity.__struct_fields__]
        real = [isinstance(kept.get(name), DoubleField) for name in entity.__struct_fields__]
        self._inserted = [field.column_name for field in inserted.values()]
        self.columns = ", ".join(places)
        self.select = f"SELECT {self.columns} FROM {self._name}"
        # SQLite's RETURNING would give whole numbers of REAL columns as integers, were it not for the sum.
        returned = [f"{place} + 0.0" if sum_ else place for place, sum_ in zip(places, real, strict=True)]
        self.returning = f"RETURNING {', '.join(returned)}"
        self.assignments = ", ".join(f"{field.column_name} = ?" for field in changed.values())
        self.excluded = ", ".join(f"{f.column_name} = excluded.{f.column_name}" for f in changed.values())
        self.read = _reader(entity, [(name, kept.get(name)) for name in entity.__struct_fields__])
        self.values = _writer([(field, name if name in kept else None) for name, field in inserted.items()])
        self.changing = _writer([(field, name) for name, field in changed.items()])

    def insert(self, count: int = 1) -> str:
        """`INSERT … VALUES …` for so many rows, each of `values`."""
        group = f"({marks(len(self._inserted))})"
        return f"INSERT INTO {self._name} ({', '.join(self._inserted)}) VALUES {marks(count, group)}"


def _attribute(field: Field) -> str:
    name: str = field.object_id_name if isinstance(field, ForeignKeyField) else field.name
    return name


# A row is read thousands of times a second. Like the `__init__` of a dataclass, what does it is compiled, from names of
# fields alone: a loop over the columns takes twice as long.


def _reader(entity: type[T], fields: Sequence[tuple[str, Field | None]]) -> Callable[[Row], T]:
    known: dict[str, Any] = {"entity": entity}
    arguments = []
    for place, (name, field) in enumerate(fields):
        convert = known[f"convert{place}"] = getattr(field, "from_row", None)
        value = f"row[{place}]"
        if convert is not None:
            value = f"convert{place}[{value}]" if isinstance(convert, dict) else f"convert{place}({value})"
        arguments.append(f"{name}={value}")
    reader: Callable[[Row], T] = _compiled(f"lambda row: entity({', '.join(arguments)})", known)
    return reader


def _writer(fields: Sequence[tuple[Field, str | None]]) -> Callable[[T], tuple[Any, ...]]:
    """The values of the named attributes, for columns without one their defaults."""
    known: dict[str, Any] = {}
    values = []
    for place, (field, name) in enumerate(fields):
        convert = known[f"convert{place}"] = getattr(field, "to_row", None)
        known[f"default{place}"] = field.default
        value = f"entity.{name}" if name else f"default{place}"
        values.append(f"convert{place}({value})" if name and convert else value)
    writer: Callable[[T], tuple[Any, ...]] = _compiled(f"lambda entity: ({', '.join(values)},)", known)
    return writer


def _compiled(source: str, known: dict[str, Any]) -> Any:
    return eval(source, known)  # noqa: S307 - see above
