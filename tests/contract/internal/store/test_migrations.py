"""Migrations lead to what the models say, once, on both databases."""

from collections.abc import Iterator
from typing import Any

import peewee
import pytest
from msgspec.structs import replace

from pikoci.internal.domain.errors import ConflictError, InvalidError
from pikoci.internal.domain.pipeline import PipelineSource
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.migrate import Migrations, packaged, statements
from pikoci.internal.store.session import Session
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.conftest import settings_of
from tests.contract.internal.store.schema import create_schema
from tests.services.postgresql import DatabaseMaker


@pytest.fixture(params=["sqlite", "postgresql"])
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty(system: str, request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """A database without any table."""
    if system == "sqlite":
        store = open_store(StoreSettings())
        yield store
        store.close()
        return
    server: DatabaseMaker = request.getfixturevalue("postgresql_server")
    with server.fresh() as database:
        store = open_store(settings_of(database))
        yield store
        store.close()


@pytest.fixture
def second(system: str, request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """Another one."""
    yield from empty.__wrapped__(system, request)  # type: ignore[attr-defined]  # pytest keeps the function there


def sqlite_schema(session: Session) -> dict[str, Any]:
    tables = [row[0] for row in session.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    kept = [name for name in tables if name not in {"schema_migrations", "sqlite_sequence"}]
    normal = {
        row[0]: " ".join(row[1].split()) for row in session.rows("SELECT name, sql FROM sqlite_master WHERE sql > ''")
    }
    return {
        name: {
            "columns": session.rows(f"PRAGMA table_xinfo({name})"),
            "references": sorted(row[2:] for row in session.rows(f"PRAGMA foreign_key_list({name})")),
            "autoincrement": "AUTOINCREMENT" in normal[name],
            "indexes": sorted(
                (row[1:], normal.get(row[1]), session.rows(f"PRAGMA index_xinfo({row[1]})"))
                for row in session.rows(f"PRAGMA index_list({name})")
            ),
        }
        for name in kept
    }


def postgresql_schema(session: Session) -> dict[str, Any]:
    columns = session.rows(
        "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default, collation_name"
        " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migrations'"
        " ORDER BY table_name, ordinal_position"
    )
    indexes = session.rows(
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND tablename <> 'schema_migrations' ORDER BY indexname"
    )
    constraints = session.rows(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations'"
        " ORDER BY conname"
    )
    return {"columns": columns, "indexes": indexes, "constraints": constraints}


def test_a_fresh_schema_and_a_migrated_one_are_equal(system: str, empty: SqlStore, second: SqlStore) -> None:
    empty.migrate()
    with second.session.transaction():
        create_schema(second.session.database)
    look = sqlite_schema if system == "sqlite" else postgresql_schema
    found = look(empty.session)
    assert found == look(second.session)
    assert len(str(found)) > 5000


def test_what_is_pending_is_known_before_and_after(empty: SqlStore) -> None:
    names = sorted(packaged("sqlite"))
    assert names == sorted(packaged("postgresql"))
    assert empty.pending_migrations() == names
    assert empty.migrate() == names
    assert empty.migrate() == empty.pending_migrations() == []


def test_a_newer_database_is_refused(empty: SqlStore) -> None:
    empty.migrate()
    with empty.transaction():
        empty.session.write("INSERT INTO schema_migrations (name) VALUES ('9000_future')")
    for action in (empty.migrate, empty.pending_migrations):
        with pytest.raises(InvalidError, match=r"newer pikoci.*9000_future"):
            action()


def test_a_failing_migration_leaves_nothing_of_itself(system: str, empty: SqlStore) -> None:
    files = {
        "0001_first": "CREATE TABLE one (a INTEGER);\n",
        "0002_broken": "CREATE TABLE two (a INTEGER UNIQUE);\n" + 2 * "INSERT INTO two VALUES (1);\n",
    }
    migrations = Migrations(empty.session, system, files)
    with pytest.raises(ConflictError):
        migrations.apply()
    assert migrations.pending() == ["0002_broken"]
    assert empty.session.rows("SELECT COUNT(*) FROM one") == [(0,)]
    with pytest.raises(peewee.DatabaseError):
        empty.session.rows("SELECT COUNT(*) FROM two")
    files["0002_broken"] = "-- repaired;\nCREATE TABLE two (\n    a INTEGER\n);\n"
    assert migrations.apply() == ["0002_broken"]


def test_migrations_run_in_order_of_their_numbers(system: str, empty: SqlStore) -> None:
    files = {"0010_c": "DROP TABLE b;", "0002_b": "ALTER TABLE a RENAME TO b;", "0001_a": "CREATE TABLE a (x INTEGER);"}
    assert Migrations(empty.session, system, files).apply() == ["0001_a", "0002_b", "0010_c"]


def test_rows_outlive_the_change_of_the_tables_text_that_lets_pipelines_have_no_team(
    system: str, empty: SqlStore
) -> None:
    files = packaged(system)
    earlier = {name: text for name, text in files.items() if name < "0006"}
    Migrations(empty.session, system, earlier).apply()
    with empty.transaction():
        for sql in (
            (
                "INSERT INTO pipelines (id, team_id, name, paused, public, revision, created_at, updated_at)"
                " VALUES (7, 1, 'p', FALSE, FALSE, 1, 1.0, 1.0)"
            ),
            (
                "INSERT INTO jobs (id, pipeline_id, name, position, paused, archived, last_number)"
                " VALUES (8, 7, 'j', 0, FALSE, FALSE, 0)"
            ),
        ):
            empty.session.write(sql)
    empty.migrate()
    assert empty.jobs.get(8)
    with empty.transaction():
        assert empty.deletions.hide(7)
        assert empty.pipelines.create(1, "p", PipelineSource(config="", variables={}, spec=b""), 2.0).id != 7
    if system == "sqlite":
        assert empty.session.rows("PRAGMA integrity_check") == [("ok",)]
        assert empty.session.rows("PRAGMA foreign_key_check") == []
        assert empty.session.rows("PRAGMA writable_schema") == [(0,)]


def test_builds_of_the_release_before_have_no_values_of_inputs(system: str, empty: SqlStore) -> None:
    earlier = {name: text for name, text in packaged(system).items() if name < "0008"}
    Migrations(empty.session, system, earlier).apply()
    rows = {
        "pipelines": "team_id, name, paused, public, revision, created_at, updated_at) VALUES"
        " (7, 1, 'p', FALSE, FALSE, 1, 1.0, 1.0",
        "jobs": "pipeline_id, name, position, paused, archived, last_number) VALUES (8, 7, 'j', 0, FALSE, FALSE, 1",
        "builds": "pipeline_id, job_id, number, retry, status, reason, created_by, created_at, claim, requeues,"
        " cancel_reason, inputs_resolved, last_event, log_size, log_deleted) VALUES"
        " (9, 7, 8, 1, 0, 'pending', '', 'bob', 1.0, 0, 0, '', TRUE, 0, 0, FALSE",
    }
    with empty.transaction():
        for table, row in rows.items():
            empty.session.write(f"INSERT INTO {table} (id, {row})")
    assert "0008_build_inputs" in empty.migrate()
    old = empty.builds.get(9)
    assert old
    assert (old.name, old.values) == ("1", None)
    with empty.transaction():
        given = empty.builds.create(replace(old, id=0, number=0, values={"a": 1.5, "b": ["x"], "c": True}))
    assert empty.builds.get(given.id) == given


def test_a_script_is_split_at_line_ends_only() -> None:
    script = "-- a comment;\nINSERT INTO t VALUES ('a;b');\n\nCREATE TABLE u (\n  x\n);  \n"
    assert statements(script) == ["INSERT INTO t VALUES ('a;b')", "CREATE TABLE u (\n  x\n)"]
