"""Servers on real sockets."""

from collections.abc import Iterator

import pytest

from pikoci.internal.service import ServiceSettings
from tests.integration.internal.api.live import Live, gunicorn
from tests.unit.internal.api.scene import make_scene, with_pipeline


@pytest.fixture
def live() -> Iterator[Live]:
    scene = with_pipeline(make_scene(services=ServiceSettings(follow_poll=0.05, keep_alive=0.1)))
    made = Live(scene)
    made.start()
    yield made
    made.stop()
    scene.services.context.store.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with gunicorn() as found:
        yield found
