"""The server's own store of secrets, as people use it."""

import logging

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from pikoci.internal.domain.secret_entries import MAX_ENTRIES, MAX_VALUE, SecretEntry
from tests.integration.internal.service.world import PLAIN, World
from tests.services.memory_store import memory_store


@pytest.fixture
def kept() -> World:
    """A server that has a key."""
    world = World(memory_store("a key of thirty-two bytes or more than that"))
    world.set(PLAIN)
    return world


def test_it_is_refused_without_a_key(world: World) -> None:
    with pytest.raises(ConflictError, match="it has no --secret-key") as caught:
        world.services.secrets.set(world.alice, "main", "", "TOKEN", "hunter22")
    assert "SECRET_KEY" in caught.value.hint
    assert world.services.secrets.list(world.alice, "main") == []


def test_names_and_dates_are_shown_and_the_log_says_who_did_it(kept: World, caplog: pytest.LogCaptureFixture) -> None:
    secrets = kept.services.secrets
    with caplog.at_level(logging.INFO):
        secrets.set(kept.alice, "main", "p", "TOKEN", "hunter22")
        secrets.set(kept.alice, "main", "", "TOKEN", "hunter22")
        secrets.delete(kept.alice, "main", "", "TOKEN")
    (entry,) = secrets.list(kept.alice, "main", "p")
    assert (entry.name, entry.set_by, entry.set_at) == ("TOKEN", "alice", kept.clock.now())
    told = [(one.getMessage(), getattr(one, "by", ""), getattr(one, "pipeline", "")) for one in caplog.records]
    assert told == [
        ("a secret was set", "alice", "p"),
        ("a secret was set", "alice", ""),
        ("a secret was deleted", "alice", ""),
    ]
    assert "hunter22" not in repr([vars(one) for one in caplog.records])


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("no name", "x", InvalidError, "cannot be the name of a secret"),
        ("A", "", InvalidError, "at least one character"),
        ("A", "a\0b", InvalidError, "no NUL"),
        ("A", "\ud800", InvalidError, "must be valid text"),
        ("A", "é" * (MAX_VALUE // 2 + 1), TooLargeError, "at most 65,536 bytes"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(
    kept: World, name: str, value: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kept.services.secrets.set(kept.alice, "main", "", name, value)


def test_there_is_an_end_to_their_number(kept: World) -> None:
    entry = SecretEntry(id=0, team_id=1, pipeline_id=None, name="", set_by="alice", set_at=1.0)
    with kept.store.transaction():
        for number in range(MAX_ENTRIES):
            kept.store.secrets.put(replace(entry, name=f"S{number}"), "x")
    with pytest.raises(ConflictError, match="1,000 secrets"):
        kept.services.secrets.set(kept.alice, "main", "", "NEW", "x")
    kept.services.secrets.set(kept.alice, "main", "", "S7", "y")


def test_an_unknown_one_names_what_was_probably_meant(kept: World) -> None:
    kept.services.secrets.set(kept.alice, "main", "p", "DEPLOY_TOKEN", "x")
    with pytest.raises(NotFoundError, match="pipeline p has no secret DEPLOY_TOKN") as caught:
        kept.services.secrets.delete(kept.alice, "main", "p", "DEPLOY_TOKN")
    assert "DEPLOY_TOKEN" in caught.value.hint
