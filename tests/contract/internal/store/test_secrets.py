"""Entries of the server's own store: encrypted, a pipeline's before its team's, and gone with their owner."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.secret_entries import SecretEntry
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

KEY = "a key of thirty-two bytes or more than that"


@pytest.fixture
def store(settings: StoreSettings) -> Iterator[SqlStore]:
    opened = open_store(replace(settings, secret_keys=(KEY,)))
    opened.migrate()
    yield opened
    opened.close()


def put(world: World, name: str, value: str, *, pipeline: bool = False, by: str = "alice", at: float = 5.0) -> None:
    owner = world.pipeline()
    pipeline_id = owner.id if pipeline else None
    entry = SecretEntry(id=0, team_id=owner.team_id, pipeline_id=pipeline_id, name=name, set_by=by, set_at=at)
    with world.store.transaction():
        world.store.secrets.put(entry, value)


def read(world: World, name: str) -> str | None:
    owner = world.pipeline()
    return world.store.secrets.read(owner.team_id, owner.id, name)


def test_a_pipelines_entry_comes_before_its_teams(world: World) -> None:
    assert read(world, "TOKEN") is None
    put(world, "TOKEN", "of the pipeline", pipeline=True)
    put(world, "TOKEN", "of the team")
    put(world, "OTHER", 'it\'s "$HOME"\n€')
    assert (read(world, "TOKEN"), read(world, "OTHER")) == ("of the pipeline", 'it\'s "$HOME"\n€')
    with world.store.transaction():
        assert world.store.secrets.delete(world.pipeline().team_id, world.pipeline().id, "TOKEN")
    assert read(world, "TOKEN") == "of the team"


def test_setting_replaces_and_lists_tell_who_and_when(world: World) -> None:
    owner = world.pipeline()
    for pipeline in (False, True):
        put(world, "B", "1", pipeline=pipeline)
        put(world, "A", "2", pipeline=pipeline, by="bob")
        put(world, "B", "3", pipeline=pipeline, by="carol", at=9.0)
        found = world.store.secrets.list(owner.team_id, owner.id if pipeline else None)
        assert [(one.name, one.set_by, one.set_at) for one in found] == [("A", "bob", 5.0), ("B", "carol", 9.0)]
    assert read(world, "B") == "3"
    with world.store.transaction():
        assert not world.store.secrets.delete(owner.team_id, None, "C")


def test_values_are_sealed_for_their_own_row(world: World) -> None:
    put(world, "A", "hunter22")
    put(world, "B", "swordfish")
    rows: dict[str, str] = dict(world.store.session.rows("SELECT name, value FROM secrets"))
    assert all(value.startswith(Sealing([KEY]).prefix) for value in rows.values())
    with world.store.transaction():
        world.store.session.write("UPDATE secrets SET value = ? WHERE name = ?", (rows["A"], "B"))
    with pytest.raises(ConflictError, match="secret B of team"):
        read(world, "B")


def test_nothing_is_kept_without_a_key(settings: StoreSettings) -> None:
    store = open_store(settings)
    store.migrate()
    assert not store.secrets.can_keep()
    with pytest.raises(RuntimeError):
        put(World(store), "A", "hunter22")
    store.close()


def test_a_deleted_pipelines_entries_are_gone_at_once(world: World) -> None:
    put(world, "A", "hunter22", pipeline=True)
    put(world, "A", "swordfish")
    with world.store.transaction():
        world.store.deletions.hide(world.pipeline().id)
    assert world.store.session.rows("SELECT pipeline_id FROM secrets") == [(None,)]


def test_the_entries_that_a_claim_names_are_kept_with_it(world: World) -> None:
    build = world.claimed()
    assert world.store.builds.secret_names(build.id) == []
    for names in (["A", "B"], []):
        with world.store.transaction():
            world.store.builds.name_secrets(build.id, names)
        assert world.store.builds.secret_names(build.id) == names
