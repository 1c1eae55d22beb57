"""Every backend, by name. A test gets fresh queues each time."""

import itertools
import secrets
from collections.abc import Callable, Iterator

import pytest

from pikoci.pkg.queue import Backend
from pikoci.pkg.queue.mem import MemoryBackend

#: Opens another connection to the same broker; in one process, the same backend.
Connect = Callable[[], Backend]

_numbers = itertools.count(1)


@pytest.fixture(params=["mem"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    assert request.param == "mem"
    backend = MemoryBackend()
    yield lambda: backend
    backend.close()


@pytest.fixture
def backend(connect: Connect) -> Backend:
    return connect()


@pytest.fixture
def queue() -> str:
    return f"test-{secrets.token_hex(4)}-{next(_numbers)}"
