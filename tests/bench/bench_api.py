"""Lists of builds a second that the API answers: 50 of 10,000 builds, 32 keep-alive clients, SQLite in a file.

`python -m tests.bench.bench_api [--json] [--seconds N]`. The server is gunicorn with one gevent worker in a process of
its own; the clients share the machine with it, in this process. Beside it, in the same run, the raw limit: Falcon on
the same server, answering the very same bytes without a database.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import json  # noqa: E402 - as above
import logging  # noqa: E402 - as above
import socket  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import subprocess  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import tempfile  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Iterator  # noqa: E402 - as above
from contextlib import closing, contextmanager  # noqa: E402 - as above
from dataclasses import asdict, dataclass  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above
from typing import Any  # noqa: E402 - as above

import falcon  # noqa: E402 - as above
import gevent  # noqa: E402 - as above
from gunicorn.app.base import BaseApplication  # noqa: E402 - as above

from pikoci.internal.api import ApiRequest, ApiSettings, create_app  # noqa: E402 - as above
from pikoci.internal.domain.build import Build, BuildStatus  # noqa: E402 - as above
from pikoci.internal.domain.clock import SystemClock  # noqa: E402 - as above
from pikoci.internal.domain.pipeline import PipelineSource  # noqa: E402 - as above
from pikoci.internal.domain.plan import PipelineSpec, encode_spec  # noqa: E402 - as above
from pikoci.internal.service import Services, build_services  # noqa: E402 - as above
from pikoci.internal.service.plumbing.ports import QueueState  # noqa: E402 - as above
from pikoci.internal.store.opening import StoreSettings, open_store  # noqa: E402 - as above

BUILDS, CLIENTS = 10_000, 32
SECRET = "a secret of the benchmark, long enough"
PATH = "/api/v1/teams/main/pipelines/bench/jobs/unit/builds?limit=50"
WORKER = "pikoci.server.gunicorn_server.FairGeventWorker"  # as in the program itself
App = falcon.App[ApiRequest, falcon.Response]


@dataclass(frozen=True)
class Row:
    """One measurement."""

    what: str
    per_second: float
    p50_ms: float
    p95_ms: float
    bytes: int


class Silence:
    """A queue that nobody listens to."""

    def publish(self, queue: str, *bodies: bytes) -> None:
        """Drop them."""

    def depth(self, _: str) -> QueueState | None:
        """Nothing is known."""
        return None


class Same:
    """A resource that always answers the same."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Answer."""
        response.data = self.answer


class Server(BaseApplication):
    """gunicorn with one gevent worker that serves one application."""

    def __init__(self, port: int, file: str, answer: bytes) -> None:
        self.port, self.file, self.answer = port, file, answer
        super().__init__()

    def load_config(self) -> None:
        """As the program itself does."""
        options = {"bind": f"127.0.0.1:{self.port}", "worker_class": WORKER, "keepalive": 75, "loglevel": "error"}
        for key, value in {**options, "control_socket_disable": True}.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """The application, in the worker's process."""
        return bare(self.answer) if self.answer else create_app(services(self.file), ApiSettings(version="bench"))


def bare(answer: bytes) -> Any:
    """Falcon alone."""
    app = falcon.App()
    app.add_route("/api/v1/teams/main/pipelines/bench/jobs/unit/builds", Same(answer))
    return app


def services(file: str) -> Services:
    """The services over the file."""
    store = open_store(StoreSettings(system="sqlite", name=file))
    store.migrate()
    return build_services(store, Silence(), SystemClock(), jwt_secret=SECRET)


def prepare(file: str) -> str:
    """Write the builds; returns an administrator's token."""
    made = services(file)
    store = made.context.store
    made.accounts.ensure_first_admin("admin", "a password")
    team, now = made.accounts.ensure_team("main"), time.time()
    with store.transaction():
        source = PipelineSource(config="", variables={}, spec=encode_spec(PipelineSpec()))
        pipeline = store.pipelines.create(team.id, "bench", source, now)
        [job] = store.jobs.sync(pipeline.id, ["unit"])
        for number in range(BUILDS):
            at = now - BUILDS + number
            build = Build(
                id=0,
                pipeline_id=pipeline.id,
                job_id=job.id,
                job="unit",
                number=0,
                status=BuildStatus.SUCCEEDED,
                created_by="admin",
                created_at=at,
                dispatched_at=at,
                started_at=at + 0.1,
                finished_at=at + 10.5,
                worker="worker-1",
                claim=1,
                log_size=123_456,
            )
            store.builds.create(build)
    token = made.tokens.user_token(made.accounts.login("admin", "a password"))
    store.close()
    return token


@contextmanager
def serving(file: str, answer: bytes) -> Iterator[int]:
    """A server in a process of its own; gives its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
    with tempfile.NamedTemporaryFile() as kept:
        Path(kept.name).write_bytes(answer)
        command = [sys.executable, __file__, "--serve", str(port), file, kept.name if answer else ""]
        process = subprocess.Popen(command)
        try:
            deadline = time.monotonic() + 20
            while not _listens(port):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise SystemExit("the server did not start")
                gevent.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def ask(connection: socket.socket, request: bytes) -> bytes:
    """One request on a kept connection; returns the body."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"the server answered {head[:200]!r} {body[:500]!r}")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    pieces, have = [body], len(body)
    while have < length:
        pieces.append(_some(connection))
        have += len(pieces[-1])
    return b"".join(pieces)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise SystemExit("the server closed a connection")
    return data


def measure(what: str, port: int, token: str, seconds: float) -> tuple[Row, bytes]:
    """Let all clients ask for that long; returns the figures and one answer."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    times: list[float] = []
    with closing(socket.create_connection(("127.0.0.1", port))) as one:
        answer = ask(one, request)
    deadline = time.perf_counter() + seconds

    def client() -> None:
        with closing(socket.create_connection(("127.0.0.1", port))) as connection:
            while (began := time.perf_counter()) < deadline:
                ask(connection, request)
                times.append(time.perf_counter() - began)

    began = time.perf_counter()
    gevent.joinall([gevent.spawn(client) for _ in range(CLIENTS)], raise_error=True)
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=20)
    return Row(what, len(times) / took, cuts[9] * 1000, cuts[18] * 1000, len(answer)), answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--serve", nargs=3)
    arguments = parser.parse_args()
    if arguments.serve:
        port, file, answer = arguments.serve
        logging.disable(logging.CRITICAL)
        sys.argv = sys.argv[:1]
        Server(int(port), file, Path(answer).read_bytes() if answer else b"").run()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "bench.db")
        token = prepare(file)
        with serving(file, b"") as port:
            row, answer = measure("50 of 10,000 builds", port, token, arguments.seconds)
        with serving(file, answer) as port:
            raw, _ = measure("raw limit: bare Falcon, the same bytes", port, token, arguments.seconds)
    if arguments.json:
        print(json.dumps([asdict(row), asdict(raw)]))
        return
    for one in (row, raw):
        times = f"p50 {one.p50_ms:6.1f} ms  p95 {one.p95_ms:6.1f} ms"
        print(f"{one.what:42} {one.per_second:8.0f}/s  {times}  {one.bytes} bytes")


if __name__ == "__main__":
    main()
