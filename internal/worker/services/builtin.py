"""The built-in services by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pikoci.internal.worker.services.brokers import nats, rabbitmq
from pikoci.internal.worker.services.databases import postgresql, redis
from pikoci.internal.worker.services.model import LocalService, Order

#: What makes each of them; raises StepError where this machine does not have it.
LOCAL_SERVICES: Mapping[str, Callable[[Order], LocalService]] = {
    "nats": nats,
    "postgresql": postgresql,
    "rabbitmq": rabbitmq,
    "redis": redis,
}
