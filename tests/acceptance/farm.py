"""A server without a worker of its own, workers in processes of theirs, and a real broker between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.acceptance.processes import marked_processes
from tests.acceptance.repository import Repository
from tests.services.pikoci import PikociServer
from tests.services.process import free_port
from tests.services.worker import PikociWorker

PIPELINE = Path(__file__).with_name("pipeline.hcl")
RESOURCE = "/teams/main/pipelines/app/resources/git.app"
#: A lost worker's builds must not wait for half a minute in a test.
LEASE = ["--heartbeat-interval=500ms", "--lease=3s"]
#: No machine is so busy that a lease lapses before a worker is there again.
LONG_LEASE = ["--heartbeat-interval=500ms", "--lease=60s"]
#: The variables that say where each broker is.
BROKERS = {"nats": "NATS_SERVER_URL", "rabbit": "RABBIT_SERVER_URL", "kafka": "KAFKA_BROKERS"}
TOKEN = re.compile(r"Worker token for standalone workers token=([\w.-]+)")


class Farm:
    """A server, and workers that reach it; everything is stopped at the end."""

    def __init__(self, folder: Path, system: str, address: str, lease: Sequence[str] = LEASE) -> None:
        self.folder = folder
        self.variables = {BROKERS[system]: address, "PUBSUB_SYSTEM": system, "QUEUE_PREFIX": f"test-{free_port()}"}
        self.server = PikociServer(
            folder,
            [
                "--run-worker=false",
                "--jwt-secret=my-secret",
                "--db-system=sqlite",
                f"--db-name={folder / 'pikoci.db'}",
                *(f"--{name.lower().replace('_', '-')}={value}" for name, value in self.variables.items()),
                *lease,
            ],
        )
        self.workers: list[PikociWorker] = []

    @property
    def token(self) -> str:
        found = TOKEN.search(self.server.log.read_text())
        assert found is not None
        return found[1]

    def worker(self, name: str, *flags: str, token: str = "") -> PikociWorker:
        variables = {**self.variables, "PIKOCI_URL": self.server.url, "WORKER_TOKEN": token or self.token}
        made = PikociWorker(self.folder / name, [f"--name={name}", *flags], variables)
        self.workers.append(made)
        made.start()
        made.wait_for(lambda: "worker registered" in made.text(), f"{name} to register")
        return made

    def set_pipeline(self, name: str, config: str, variables: dict[str, str] | None = None, team: str = "main") -> None:
        body = {"config": config, "vars": variables or {}}
        self.server.http.put(f"/api/v1/teams/{team}/pipelines/{name}", json=body).raise_for_status()

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.server.stop()

    def leftovers(self) -> list[str]:
        return [line for worker in self.workers for line in marked_processes(worker.workdir)]


def app(farm: Farm, repository: Repository, **variables: str) -> None:
    farm.set_pipeline("app", PIPELINE.read_text(), {"url": str(repository.folder), **variables})


def waiting(gate: Path, tags: str = "") -> str:
    return f"""
job "wait" {{
  {tags}
  task "wait" {{
    run "shell" {{
      cmd = <<-EOT
        echo "waiting on $$"
        while ! test -e {gate}; do sleep 0.05; done
      EOT
    }}
  }}
}}
"""


def start_waiting(farm: Farm, gate: Path) -> dict[str, Any]:
    """A build that runs until the gate opens."""
    farm.set_pipeline("waiting", waiting(gate))
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    farm.server.wait_for(lambda: "waiting on" in farm.server.build_log("waiting", "wait", "1"), "the step to run")
    found: dict[str, Any] = farm.server.build("waiting", "wait", "1")
    return found
