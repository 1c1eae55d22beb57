"""Encryption of what a database holds already: of before there was a key, and of a former key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.pipeline import PipelineSource
from pikoci.internal.domain.secret_entries import SecretEntry
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

OLD, NEW = "an old key of thirty-two bytes or more", "a new key of thirty-two bytes or more"
SECRETS = ("hunter22-config", "hunter22-variable", "hunter22-spec", "hunter22-setting")
SOURCE = PipelineSource(config=f"# {SECRETS[0]}", variables={"token": SECRETS[1]}, spec=SECRETS[2].encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> StoreSettings:
    found: StoreSettings = request.getfixturevalue(f"{request.param}_settings")
    return found


@contextmanager
def opened(settings: StoreSettings, *keys: str) -> Iterator[World]:
    store = open_store(replace(settings, secret_keys=keys))
    store.migrate()
    yield World(store)
    store.close()


def fill(world: World) -> None:
    owner = world.pipeline()
    with world.store.transaction():
        world.store.pipelines.update(owner.id, SOURCE, 2.0)
        world.store.settings.put_if_absent("signing-secret", SECRETS[3])


def require_same(world: World) -> None:
    assert world.store.pipelines.source(world.pipeline().id) == SOURCE
    assert world.store.settings.get("signing-secret") == SECRETS[3]


def dump(store: SqlStore, settings: StoreSettings) -> str:
    """All rows of all tables, and the bytes of the files where there are some."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if settings.system == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    rows = [row for (name,) in store.session.rows(tables) for row in store.session.rows(f"SELECT * FROM {name}")]
    found = [bytes(one) if isinstance(one, memoryview) else one for row in rows for one in row]
    files = Path(settings.name).parent.glob("pikoci.db*") if settings.system == "sqlite" else ()
    return repr(found) + "".join(path.read_bytes().decode("latin-1") for path in files)


def test_what_is_written_under_a_key_stands_nowhere_in_plain_text(settings: StoreSettings) -> None:
    with opened(settings, NEW) as world:
        fill(world)
        require_same(world)
        text = dump(world.store, settings)
        assert not [secret for secret in SECRETS if secret in text]
        assert world.store.sealed.seal_all() == 0


def test_plain_values_of_before_are_encrypted_and_overwritten(settings: StoreSettings) -> None:
    with opened(settings) as world:
        fill(world)
        assert world.store.sealed.seal_all() == 0
        assert all(secret in dump(world.store, settings) for secret in SECRETS)
    with opened(settings, NEW) as world:
        require_same(world)
        assert world.store.sealed.seal_all() == 4
        require_same(world)
        text = dump(world.store, settings)
        assert not [secret for secret in SECRETS if secret in text]


def test_a_former_keys_values_are_encrypted_anew(settings: StoreSettings) -> None:
    with opened(settings, OLD) as world:
        fill(world)
        owner = world.pipeline()
        entry = SecretEntry(id=0, team_id=owner.team_id, pipeline_id=None, name="A", set_by="bob", set_at=1.0)
        with world.store.transaction():
            world.store.secrets.put(entry, "hunter22-team")
            world.store.secrets.put(replace(entry, pipeline_id=owner.id, name="B"), "hunter22-own")
    with opened(settings, NEW, OLD) as world:
        assert world.store.sealed.unreadable() == {}
        assert world.store.sealed.seal_all() == 6
        assert world.store.sealed.seal_all() == 0
    with opened(settings, NEW) as world:
        assert world.store.sealed.unreadable() == {}
        require_same(world)
        assert world.store.secrets.read(owner.team_id, owner.id, "A") == "hunter22-team"
        assert world.store.secrets.read(owner.team_id, owner.id, "B") == "hunter22-own"


def test_values_of_unknown_keys_are_told_and_can_be_given_up(settings: StoreSettings) -> None:
    with opened(settings, OLD) as world:
        fill(world)
        world.pipeline("q")
    with opened(settings) as world:
        assert world.store.sealed.unreadable() == {Sealing([OLD]).key_id: 7}
        assert world.store.sealed.unreadable_pipelines() == [("main", "p"), ("main", "q")]
    with opened(settings, NEW) as world:
        assert world.store.sealed.seal_all() == 0
        with pytest.raises(ConflictError, match="the config of pipeline 1 is encrypted with the key"):
            world.store.pipelines.source(world.pipeline().id)
        with world.store.transaction():
            assert world.store.sealed.forget() == 1
        fill(world)
        assert world.store.sealed.unreadable_pipelines() == [("main", "q")]


def test_many_are_encrypted_a_few_at_a_time(settings: StoreSettings) -> None:
    with opened(settings) as world:
        for number in range(45):
            world.pipeline(f"p{number}")
    with opened(settings, NEW) as world:
        if settings.system == "sqlite":  # as SQLite is elsewhere than on Debian
            world.store.session.rows("PRAGMA secure_delete = OFF")
        assert world.store.sealed.seal_all() == 3 * 45
        assert "s3cret" not in dump(world.store, settings)
        if settings.system == "sqlite":
            assert world.store.session.rows("PRAGMA secure_delete") == [(0,)]
        assert world.store.pipelines.source(world.pipeline("p44").id).variables == {"token": "s3cret"}
