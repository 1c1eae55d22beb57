"""Four servers on one PostgreSQL, thousands of simulated workers, and builds: what is it that limits them?

`python -m tests.bench.four_servers [--workers 5000] [--seconds 600] [--builds 20] [--beat 5]`. The workers register,
listen to commands and send heartbeats; `--builds` of them a second are triggered, claimed and reported as real ones.
Servers, database, broker and the simulation share this machine. Exits with 1 where something is late, or not done,
while a processor is idle: then it is not processor time that limits it.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import random  # noqa: E402 - as above
import re  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import tempfile  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections import Counter  # noqa: E402 - as above
from collections.abc import Iterator  # noqa: E402 - as above
from contextlib import ExitStack, closing, contextmanager  # noqa: E402 - as above
from dataclasses import dataclass, field  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import psycopg2  # noqa: E402 - as above

from pikoci.internal.domain.build import BuildStatus, StepStatus  # noqa: E402 - as above
from pikoci.internal.domain.events import BuildFinished, LogWritten, StepFinished, StepStarted  # noqa: E402 - as above
from pikoci.internal.domain.gateway import WorkerHello  # noqa: E402 - as above
from pikoci.internal.worker.http.gateway import HttpGateway  # noqa: E402 - as above
from tests.bench.bench_workers import PIPELINE  # noqa: E402 - as above
from tests.bench.farm import SECRET, cpu_seconds, memory_mib  # noqa: E402 - as above
from tests.bench.swarm import Found, swarm  # noqa: E402 - as above
from tests.chaos.world import worker_token  # noqa: E402 - as above
from tests.services.nats import NatsServer  # noqa: E402 - as above
from tests.services.pikoci import PikociServer  # noqa: E402 - as above
from tests.services.postgresql import PostgresqlServer  # noqa: E402 - as above

SERVERS = 4
BUILDERS = 8  # simulated workers of each server that take builds
IDLE = 0.10  # of the processors' time: with less they are the limit
IN_TIME = 0.98  # of the heartbeats and builds that were wished for
LOOK_SECONDS = 0.5
_WAITS = """
    SELECT coalesce(wait_event_type, 'running') FROM pg_stat_activity
    WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_GAP = re.compile(r'^pikoci_hub_gap_seconds_bucket\{le="(?:0\.1|\+Inf)"\} ([\d.]+)$', re.MULTILINE)


@dataclass
class Place:
    """The servers, and what they stand on."""

    postgresql: PostgresqlServer
    broker: NatsServer
    servers: list[PikociServer]
    token: str

    def pids(self) -> dict[str, list[int]]:
        """First processes by role."""
        servers = [server.process.pid for server in self.servers if server.process is not None]
        return {"servers": servers, "PostgreSQL": [self.postgresql.pid]}

    def cpu(self) -> dict[str, float]:
        """Seconds on a processor so far, by role."""
        return {role: sum(map(cpu_seconds, pids)) for role, pids in self.pids().items()}

    def stands(self) -> int:
        """How often a hub stood for more than 100 ms."""
        texts = [server.http.get("/metrics").text for server in self.servers]
        below, all_of_them = zip(*(map(float, _GAP.findall(text)) for text in texts), strict=True)
        return int(sum(all_of_them) - sum(below))


@dataclass
class Builds:
    """Builds that were made and run; `seconds` from the trigger's request to the answer to its end."""

    seconds: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


@contextmanager
def place() -> Iterator[Place]:
    """Everything started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pikoci-four-")))
        postgresql = PostgresqlServer()
        stack.callback(postgresql.close)
        broker = stack.enter_context(NatsServer())
        flags = [*postgresql.admin.flags(), "--run-worker=false", f"--jwt-secret={SECRET}", "--log-level=warn"]
        flags += ["--pubsub-system=nats", f"--nats-server-url={broker.address}"]
        servers = []
        for number in range(SERVERS):
            (folder / str(number)).mkdir()
            server = PikociServer(folder / str(number), flags)
            stack.callback(server.stop)
            server.start()
            servers.append(server)
        for server in servers:  # each start has set the login's password anew, which ended the sessions before
            server.http.headers["authorization"] = servers[-1].http.headers["authorization"]
        yield Place(postgresql, broker, servers, worker_token(SECRET))


def build_forever(server: PikociServer, gateway: HttpGateway, name: str, every: float, made: Builds) -> None:
    """Trigger a build of the worker's own pipeline now and then, and run it; a late one delays no other."""
    due = time.monotonic() + random.uniform(0.0, every)
    while True:
        gevent.sleep(max(0.0, due - time.monotonic()))
        due = max(due + every, time.monotonic())
        began = time.monotonic()
        try:
            build = server.post(f"/teams/main/pipelines/{name}/jobs/true/builds", {})["id"]
            claim = gateway.claim_build(build, name, "").claim
            now = time.time()
            gateway.report(
                build,
                claim,
                1,
                [
                    StepStarted(step="1", name="t", kind="task", at=now),
                    LogWritten(step="1", at=now, data=b"ok\n"),
                    StepFinished(step="1", status=StepStatus.SUCCEEDED, at=now, exit_code=0),
                    BuildFinished(status=BuildStatus.SUCCEEDED, at=now),
                ],
            )
        except Exception as error:  # noqa: BLE001 - counted, and shown at the end
            made.failed[repr(error)[:100]] += 1
        else:
            made.seconds.append(time.monotonic() - began)


def make_builders(site: Place) -> list[tuple[PikociServer, HttpGateway, str]]:
    """Workers that take builds, each with a pipeline of its own."""
    builders = []
    for position, server in enumerate(site.servers):
        for number in range(BUILDERS):
            name, instance = f"builder-{position}-{number}", f"{position:016x}{number:016x}.1"
            gateway = HttpGateway(server.url, site.token, name, instance)
            queues = ["jobs", "checks"]
            gateway.register(WorkerHello(name=name, instance=instance, version="0", queues=queues, concurrency=1))
            server.http.put(f"/api/v1/teams/main/pipelines/{name}", json={"config": PIPELINE}).raise_for_status()
            builders.append((server, gateway, name))
    return builders


def watch_database(site: Place, seen: Counter[str]) -> None:
    """Count what PostgreSQL's sessions wait for."""
    admin = site.postgresql.admin
    connecting = psycopg2.connect(
        host=admin.host, port=admin.port, user=admin.user, password=admin.password, dbname=admin.dbname
    )
    with closing(connecting) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while True:
            cursor.execute(_WAITS)
            seen.update(kind for (kind,) in cursor.fetchall())
            gevent.sleep(LOOK_SECONDS)


def processor_times() -> tuple[float, float]:
    """All of the processors' time so far, and what of it was idle or waited for a disk; in ticks."""
    fields = [float(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def simulate(workers: int, seconds: float, rate: float, beat: float) -> int:
    """Run, print, and give the exit status."""
    made, waits = Builds(), Counter[str]()
    with place() as site, ExitStack() as crowds:
        builders = make_builders(site)
        share, register = workers // SERVERS, workers / 50
        started = [
            crowds.enter_context(
                swarm(server.url, site.token, register, seconds, workers=share, beat=beat, prefix=f"s{position}")
            )
            for position, server in enumerate(site.servers)
        ]
        for crowd in started:
            crowd.wait_until_all_listen()
        print(f"{share * SERVERS} workers listen to {SERVERS} servers", flush=True)
        gevent.spawn(watch_database, site, waits)
        for server, gateway, name in builders if rate else ():
            gevent.spawn(build_forever, server, gateway, name, len(builders) / rate, made)
        stood, cpu, (all_before, idle_before) = site.stands(), site.cpu(), processor_times()
        began = time.monotonic()
        found = [crowd.result() for crowd in started]
        took = time.monotonic() - began
        all_after, idle_after = processor_times()
        idle = (idle_after - idle_before) / (all_after - all_before)
        for role, used in site.cpu().items():
            print(f"{role + ', processors':36} {(used - cpu[role]) / took:10.2f}")
        print(f"{'processors idle':36} {idle * 100:10.1f} %")
        print(f"{'memory of a server (PSS)':36} {memory_mib(site.pids()['servers'][0]):10.1f} MiB")
        print(f"{'a hub stood for more than 100 ms':36} {site.stands() - stood:10} times")
        return tell(found, made, waits, idle, took, rate, share * SERVERS / beat)


def tell(
    found: list[Found], made: Builds, waits: Counter[str], idle: float, took: float, rate: float, beats: float
) -> int:
    """Print the figures and what they mean."""
    done, built = sum(one.beats_per_second for one in found), len(made.seconds) / took
    print(f"{'heartbeats a second':36} {done:10.1f}  of {beats:.1f}")
    median, p99 = max(one.median_ms for one in found), max(one.p99_ms for one in found)
    print(f"{'heartbeat, median / p99':36} {median:10.1f} / {p99:.1f} ms")
    print(f"{'answers 503, asked again':36} {sum(one.refused for one in found):10}")
    if len(made.seconds) > 1:
        cuts = statistics.quantiles(made.seconds, n=100)
        print(f"{'builds a second':36} {built:10.1f}  of {rate:.1f}")
        print(f"{'build, trigger to end, median / p99':36} {cuts[49] * 1000:10.1f} / {cuts[98] * 1000:.1f} ms")
    looks = ", ".join(f"{kind} {count}" for kind, count in waits.most_common()) or "none"
    print(f"{'busy sessions of PostgreSQL':36} {looks}")
    for error, count in made.failed.most_common(5):
        print(f"{'builds that failed':36} {count:10}  {error}")
    in_time = done >= IN_TIME * beats and built >= IN_TIME * rate
    if in_time:
        print("everything was in time")
    elif idle < IDLE:
        print("not everything was in time, and no processor was idle: processor time is the limit")
    else:
        print("not everything was in time although processors were idle: something else is the limit")
    return int(not in_time and idle >= IDLE)


def main() -> int:
    """Read the arguments and simulate."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.four_servers", description=__doc__)
    parser.add_argument("--workers", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--builds", type=float, default=20.0, help="a second, of all servers together; 0 for none")
    parser.add_argument("--beat", type=float, default=5.0, help="seconds between a worker's heartbeats")
    arguments = parser.parse_args()
    return simulate(arguments.workers, arguments.seconds, arguments.builds, arguments.beat)


if __name__ == "__main__":
    sys.exit(main())
