"""Who talks to whom, each link with a proxy to cut."""

from __future__ import annotations

from collections.abc import Sequence

from tests.services.broker import Broker
from tests.services.kafka import KafkaServer
from tests.services.proxy import Proxy


class Links:
    """The network between the parts: `names` maps links to proxies."""

    def __init__(self) -> None:
        self.names: dict[str, Proxy] = {}

    def to_port(self, name: str, target: int | Sequence[int]) -> int:
        """A port through which the target is reached; with several targets they take turns."""
        self.names[name] = proxy = Proxy(target)
        return proxy.port

    def to_broker(self, user: str, broker: Broker) -> str:
        """An address through which the broker is reached; Kafka has one proxy for everybody."""
        name = "broker" if isinstance(broker, KafkaServer) else user
        if f"{name}-broker" not in self.names:
            self.names[f"{name}-broker"] = broker.proxied()
        return broker.address_through(self.names[f"{name}-broker"])

    def close(self) -> None:
        """Cut everything for good."""
        for proxy in self.names.values():
            proxy.close()
