"""The built-in services by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pikoci.internal.worker.services.brokers import kafka, nats, rabbitmq
from pikoci.internal.worker.services.databases import mariadb, postgresql, redis
from pikoci.internal.worker.services.model import Order, Recipe
from pikoci.internal.worker.services.web import keycloak, minio, vault

#: How to run each of them; raises StepError for a port that is taken.
RECIPES: Mapping[str, Callable[[Order], Recipe]] = {
    "kafka": kafka,
    "keycloak": keycloak,
    "mariadb": mariadb,
    "minio": minio,
    "nats": nats,
    "postgresql": postgresql,
    "rabbitmq": rabbitmq,
    "redis": redis,
    "vault": vault,
}
