"""A column in one place."""

from typing import Any

import msgspec
import pytest
from peewee import BigIntegerField, DoubleField, Model

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.store import tables
from pikoci.internal.store.build_models import Build as BuildModel
from pikoci.internal.store.columns import Flag, Id, Name, ShownText, Tags
from pikoci.internal.store.table import Table

ENTITIES: dict[str, Table[Any]] = {name: table for name, table in vars(tables).items() if isinstance(table, Table)}


class Dog(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    kennel: str = ""
    born_at: float = 0.0
    barks: bool = False
    tricks: list[str] = []


class Kennel(Model):
    id = Id()
    name = Name("the dog's name")
    born_at = DoubleField()
    barks = Flag()
    tricks = Tags()
    secret = BigIntegerField(default=7)
    note = ShownText(null=True)

    class Meta:
        table_name = "dogs"


DOGS = Table(Kennel, Dog, computed={"kennel": "'home'"}, fixed="name")
REX = Dog(id=1, name="Rex", kennel="home", born_at=2.0, barks=True, tricks=["sit", "beg"])


def test_clauses_follow_from_the_model() -> None:
    columns = "dogs.id, dogs.name, 'home', dogs.born_at, dogs.barks, dogs.tricks"
    assert DOGS.columns == columns
    assert DOGS.select == f"SELECT {columns} FROM dogs"
    assert DOGS.returning == f"RETURNING {columns.replace('born_at', 'born_at + 0.0')}"
    assert DOGS.assignments == "born_at = ?, barks = ?, tricks = ?"
    assert DOGS.excluded == "born_at = excluded.born_at, barks = excluded.barks, tricks = excluded.tricks"
    row = "(?, ?, ?, ?, ?, ?)"
    assert DOGS.insert(2) == f"INSERT INTO dogs (name, born_at, barks, tricks, secret, note) VALUES {row}, {row}"


def test_rows_become_entities_and_back() -> None:
    assert DOGS.read((1, "Rex", "home", 2.0, 1, "sit+beg", "ignored")) == REX
    assert DOGS.values(REX) == ("Rex", 2.0, True, "sit+beg", 7, None)
    assert DOGS.changing(REX) == (2.0, True, "sit+beg")


def test_a_name_that_cannot_be_kept_is_named() -> None:
    with pytest.raises(InvalidError, match="the dog's name contains a NUL"):
        DOGS.values(msgspec.structs.replace(REX, name="R\0x"))


@pytest.mark.parametrize("table", ENTITIES.values(), ids=ENTITIES.keys())
def test_every_value_has_its_mark(table: Table[Any]) -> None:
    assert table.insert().count("?") == len(table._inserted)
    assert table.columns.count(", ") == table.returning.count(", ")


def test_a_new_column_of_builds_is_a_field_and_a_line() -> None:
    class Scratched(Build, frozen=True, kw_only=True):
        scratch: str = "-"

    class ScratchedModel(BuildModel):
        scratch = ShownText()

        class Meta:
            table_name = "builds"

    table = Table(ScratchedModel, Scratched, computed={"job": "'j'"}, fixed="pipeline_id job_id number retry")
    build = Scratched(id=1, pipeline_id=1, job_id=1, job="j", number=3, status=BuildStatus.FAILED, scratch="new")
    assert "scratch" in table.insert()
    assert "scratch = ?" in table.assignments
    assert "builds.scratch" in table.returning
    place = table.columns.split(", ").index("builds.scratch")
    row = [None] * (place + 1)
    row[6], row[place] = "failed", table.values(build)[-1]  # type: ignore[call-overload]  # a row of a test
    assert table.read(tuple(row)).scratch == "new"
