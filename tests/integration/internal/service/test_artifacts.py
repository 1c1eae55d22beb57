"""Artifacts: named by what is in them, opened by claims of the same pipeline."""

import hashlib
from collections.abc import Iterator

import pytest

from pikoci.internal.domain.errors import NotFoundError, StaleClaimError, TooLargeError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.service.world import PLAIN, World

DATA = b"0123456789abcdef" * 100_000


@pytest.fixture
def claimed(world: World) -> tuple[int, int]:
    world.set(PLAIN)
    build = world.trigger()
    return build.id, world.claim(build).claim


def test_what_is_stored_comes_back(world: World, claimed: tuple[int, int]) -> None:
    digest = world.services.gateway.store_artifact(*claimed, [DATA[:7], b"", DATA[7:]])
    assert digest == hashlib.sha256(DATA).hexdigest()
    assert b"".join(world.services.gateway.load_artifact(*claimed, digest)) == DATA
    assert world.services.gateway.store_artifact(*claimed, [DATA]) == digest


def test_an_empty_artifact_is_one(world: World, claimed: tuple[int, int]) -> None:
    digest = world.services.gateway.store_artifact(*claimed, [])
    assert list(world.services.gateway.load_artifact(*claimed, digest)) == []


def test_another_pipeline_cannot_read_it(world: World, claimed: tuple[int, int]) -> None:
    digest = world.services.gateway.store_artifact(*claimed, [b"private"])
    world.set(PLAIN, name="q")
    other = world.trigger(pipeline="q")
    with pytest.raises(NotFoundError):
        world.services.gateway.load_artifact(other.id, world.claim(other).claim, digest)


def test_only_a_current_claim_opens_artifacts(world: World, claimed: tuple[int, int]) -> None:
    build_id, claim = claimed
    for stale in ((build_id, claim + 1), (build_id, claim - 1), (999, 1)):
        with pytest.raises(StaleClaimError):
            world.services.gateway.store_artifact(*stale, [b"x"])
        with pytest.raises(StaleClaimError):
            world.services.gateway.load_artifact(*stale, "0" * 64)


def test_one_that_is_too_large_leaves_nothing(store: Store) -> None:
    world = World(store, ServiceSettings(max_artifact_size=1000))
    world.register()
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    with pytest.raises(TooLargeError, match="1000 bytes"):
        world.services.gateway.store_artifact(build.id, claim, [b"x" * 600, b"x" * 600])
    world.clock.advance(2 * 24 * 3600)
    assert world.services.scheduling.prune() == 0


def test_a_broken_upload_leaves_nothing(world: World, claimed: tuple[int, int]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        world.services.gateway.store_artifact(*claimed, broken())
    world.clock.advance(2 * 24 * 3600)
    assert world.services.scheduling.prune() == 0
