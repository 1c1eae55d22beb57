"""A server without a worker of its own, a real broker, and workers in processes of theirs, for benchmarks."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.services.broker import Broker
from tests.services.kafka import KafkaServer
from tests.services.nats import NatsServer
from tests.services.pikoci import PIKOCI, PikociServer
from tests.services.postgresql import PostgresqlServer
from tests.services.process import free_port
from tests.services.rabbitmq import RabbitmqServer
from tests.services.worker import PikociWorker

#: Name of --pubsub-system -> the broker, and the variable that names its address.
BROKERS: dict[str, tuple[type[Broker], str]] = {
    "nats": (NatsServer, "NATS_SERVER_URL"),
    "rabbit": (RabbitmqServer, "RABBIT_SERVER_URL"),
    "kafka": (KafkaServer, "KAFKA_BROKERS"),
}
SECRET = "a secret that is long enough for benchmarks"


class Farm:
    """A started server on one broker; `worker` adds workers, `stop` ends all of them."""

    def __init__(self, folder: Path, system: str, address: str, flags: Sequence[str]) -> None:
        self.folder = folder
        self.variables = {
            BROKERS[system][1]: address,
            "PUBSUB_SYSTEM": system,
            "QUEUE_PREFIX": f"bench-{free_port()}",
            "LOG_LEVEL": "info",
        }
        named = [f"--{name.lower().replace('_', '-')}={value}" for name, value in self.variables.items()]
        self.server = PikociServer(folder, ["--run-worker=false", f"--jwt-secret={SECRET}", *named, *flags])
        self.token = subprocess.run(
            [PIKOCI, "worker-token"],
            env={"JWT_SECRET": SECRET},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self.workers: list[PikociWorker] = []

    def worker(self, name: str, *flags: str) -> PikociWorker:
        """A worker that has registered."""
        variables = {**self.variables, "PIKOCI_URL": self.server.url, "WORKER_TOKEN": self.token}
        made = PikociWorker(self.folder / name, [f"--name={name}", *flags], variables)
        self.workers.append(made)
        made.start()
        made.wait_for(lambda: "worker registered" in made.text(), f"{name} to register")
        return made

    def set_pipeline(self, name: str, config: str) -> None:
        """Create the pipeline."""
        body = {"config": config, "vars": {}}
        self.server.http.put(f"/api/v1/teams/main/pipelines/{name}", json=body).raise_for_status()

    def stop(self) -> None:
        """End every worker, then the server."""
        for worker in self.workers:
            worker.stop()
        self.server.stop()


@contextmanager
def farm(system: str, address: str, database: str, *flags: str) -> Iterator[Farm]:
    """A farm in a folder of its own, on a database of its own: `sqlite` or `postgresql`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pikoci-bench-")))
        if database == "postgresql":
            postgresql = PostgresqlServer()
            stack.callback(postgresql.close)
            storage = stack.enter_context(postgresql.fresh()).flags()
        else:
            storage = ["--db-system=sqlite", f"--db-name={folder / 'pikoci.db'}"]
        made = Farm(folder, system, address, [*storage, *flags])
        stack.callback(made.stop)
        made.server.start()
        yield made


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in family(int(child)))]


def memory_mib(pid: int) -> float:
    """Proportional memory (PSS) of a process and all that descend from it."""
    lines = [line for found in family(pid) for line in Path(f"/proc/{found}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def cpu_seconds(pid: int) -> float:
    """Time on a processor, of a process and all that descend from it, so far."""
    fields = [Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split() for found in family(pid)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / 100
