"""Whatever a client sends, the server never answers 500 to it."""

import pytest

from tests.unit.internal.api.scene import Scene
from tests.unit.internal.api.storm import storm


@pytest.mark.parametrize("seed", range(8))
def test_no_request_makes_the_server_fail(scene: Scene, seed: int) -> None:
    scene.finished()
    statuses = storm(scene, seed, 200)
    assert {200, 400, 404} <= set(statuses)
