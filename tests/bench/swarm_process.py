"""Simulated workers: heartbeats and streams of commands, nothing else.

`python swarm_process.py URL WORKERS REGISTER_SECONDS SECONDS BEAT_SECONDS PREFIX` reads the worker token from standard
input; it prints a line once all listen, and then one with what it measured.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import json  # noqa: E402 - imported after the patch
import random  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import time  # noqa: E402 - as above
from http.client import HTTPConnection, HTTPResponse  # noqa: E402 - as above
from random import Random  # noqa: E402 - as above
from urllib.parse import urlsplit  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import msgspec  # noqa: E402 - as above

from pikoci.internal.domain.gateway import Heartbeat, WorkerHello  # noqa: E402 - as above
from pikoci.internal.domain.wire import INSTANCE_HEADER, MSGPACK, WORKER_HEADER  # noqa: E402 - as above
from pikoci.internal.worker.rhythm import Rhythm  # noqa: E402 - as above

PATIENCE_SECONDS = 60.0


class Swarm:
    """Workers of one server; `times` are milliseconds of each heartbeat, from its request to its answer."""

    def __init__(self, url: str, token: str, beat: float, prefix: str) -> None:
        self.times: list[float] = []
        self.refused = 0
        self._beat, self._prefix = beat, prefix
        self._netloc = urlsplit(url).netloc
        self._token = token

    def join(self, number: int) -> None:
        """Register one worker, open its stream, and keep it alive from then on."""
        name, instance = f"{self._prefix}-{number}", f"{number:032x}.1"
        headers = {"Authorization": f"Bearer {self._token}", WORKER_HEADER: name, INSTANCE_HEADER: instance}
        headers["Content-Type"] = MSGPACK
        hello = WorkerHello(name=name, instance=instance, version="0", queues=["jobs", "checks"], concurrency=1)
        connection = HTTPConnection(self._netloc, timeout=PATIENCE_SECONDS)
        self._persist(connection, "register", msgspec.msgpack.encode(hello), headers)
        gevent.spawn(_listen, self._opened(headers))
        beat = msgspec.msgpack.encode(Heartbeat(name=name, instance=instance, state="running"))
        gevent.spawn(self._beat_forever, connection, beat, headers)

    def _opened(self, headers: dict[str, str]) -> HTTPResponse:
        """The stream of commands, at its beginning."""
        stream = HTTPConnection(self._netloc, timeout=PATIENCE_SECONDS)
        while True:
            stream.request("GET", "/api/v1/worker/commands", headers=headers)
            answer = stream.getresponse()
            if answer.status != 503:
                break
            answer.read()
            self._wait_for_time()
        assert answer.status == 200, answer.read()
        assert answer.readline() == b"\n"
        return answer

    def _beat_forever(self, connection: HTTPConnection, beat: bytes, headers: dict[str, str]) -> None:
        rhythm = Rhythm(Random())
        while True:
            gevent.sleep(rhythm.answered(self._beat))
            began = time.perf_counter()
            self._persist(connection, "heartbeat", beat, headers)
            self.times.append((time.perf_counter() - began) * 1000)

    def _persist(self, connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Ask again, as a worker does, while the server has no time."""
        while _post(connection, path, body, headers) == 503:
            self._wait_for_time()

    def _wait_for_time(self) -> None:
        self.refused += 1
        gevent.sleep(random.uniform(0.5, 1.5))


def _listen(answer: HTTPResponse) -> None:
    while answer.readline():
        pass


def _post(connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> int:
    connection.request("POST", f"/api/v1/worker/{path}", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status in {200, 204, 503}, content
    return answer.status


def main(url: str, workers: int, register: float, seconds: float, beat: float, prefix: str) -> None:
    """Let all join, evenly over `register` seconds, so that their heartbeats are spread; then measure."""
    crowd = Swarm(url, sys.stdin.read().strip(), beat, prefix)
    joining = []
    began = time.monotonic()
    for number in range(workers):
        joining.append(gevent.spawn(crowd.join, number))
        gevent.sleep(max(0.0, began + (number + 1) * register / workers - time.monotonic()))
    gevent.joinall(joining, raise_error=True)
    print("ready", flush=True)
    crowd.times.clear()
    crowd.refused = 0
    gevent.sleep(seconds)
    times = list(crowd.times)
    figures = {
        "workers": workers,
        "beats_per_second": len(times) / seconds,
        "median_ms": statistics.median(times),
        "p99_ms": statistics.quantiles(times, n=100)[98],
        "refused": crowd.refused,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]), sys.argv[6])
