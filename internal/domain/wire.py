"""What remote workers and the server say to each other over HTTP, beside the messages of the gateway itself.

Bodies are MessagePack of the domain's own structs: log bytes travel as they are. Fields that one side does not know are
skipped, so that a server and workers of neighbouring releases work together.
"""

from __future__ import annotations

import re

import msgspec

from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.limits import MAX_LOG_EVENT
from pikoci.internal.domain.names import Id

MSGPACK = "application/msgpack"
#: One JSON object a line; an empty line says that the stream is alive.
LINES = "application/x-ndjson"

#: Who asks: the worker's name, and the instance that its claims belong to.
WORKER_HEADER = "Pikoci-Worker"
INSTANCE_HEADER = "Pikoci-Instance"

#: Bounds of one request, in bytes and events.
MAX_REPORT = 2 * MAX_LOG_EVENT  # the largest piece of a log fits, whatever is around it
MAX_REPORT_EVENTS = 10_000
MAX_CHECK_RESULT = 16 * 1024 * 1024


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a claim, numbered from `first` on."""

    first: Id
    events: list[BuildEvent]


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """The SHA-256, in hex, under which an upload is kept."""

    digest: str


class SecretValue(msgspec.Struct, frozen=True, kw_only=True):
    """The value of an entry of the server's own store."""

    value: str

    def __repr__(self) -> str:
        """Leave the value out."""
        return "SecretValue()"


_START = re.compile(r"s([0-9]{1,18})(x[0-9a-f]{1,32})?", re.ASCII)


def instance_key(instance: str) -> str:
    """The part of an instance that a worker keeps across its restarts, before the dot.

    It is a secret between a worker and the server, and proves whose claim it is: ids and claim numbers can be guessed.
    """
    return instance.partition(".")[0]


def numbered_instance(key: str, start: int, nonce: str = "") -> str:
    """The instance of a worker's start with that number, counted from 1.

    The `nonce`, random hex digits, tells it from the same start of a copy of the worker.
    """
    return f"{key}.s{start}x{nonce}" if nonce else f"{key}.s{start}"


def is_earlier_start(instance: str, other: str) -> bool:
    """Whether both are starts of one worker, the first earlier than the other.

    False where that cannot be told: workers of older releases do not number their starts.
    """
    if instance_key(instance) != instance_key(other):
        return False
    starts = [_START.fullmatch(one.partition(".")[2]) for one in (instance, other)]
    return starts[0] is not None and starts[1] is not None and int(starts[0][1]) < int(starts[1][1])
