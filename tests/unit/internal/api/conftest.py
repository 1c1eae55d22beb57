"""A server for each test."""

from collections.abc import Iterator

import pytest

from tests.unit.internal.api.scene import Scene, make_scene, with_pipeline


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = with_pipeline(make_scene())
    yield made
    made.services.context.store.close()
