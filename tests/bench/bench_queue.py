"""How fast queues are, on every broker that this machine has.

`python -m tests.bench.bench_queue [--json] [--count N] [--systems mem,nats,rabbit,kafka]`. Each broker is a real one,
started for this run. A publish is confirmed by the broker before it counts: of one greenlet, of 32, and of one that
hands over 50 messages in a call. Latency is from before a publish to the
return of the receive that waits for it, one message at a time, with the acknowledgement between two of them.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import json  # noqa: E402 - as above
import logging  # noqa: E402 - as above
import statistics  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import time  # noqa: E402 - as above
from collections.abc import Iterator  # noqa: E402 - as above
from contextlib import contextmanager  # noqa: E402 - as above
from dataclasses import asdict, dataclass  # noqa: E402 - as above

import gevent  # noqa: E402 - as above
import structlog  # noqa: E402 - as above

from pikoci.pkg.queue import Backend, QueueSettings, QueueUnavailableError, open_backend  # noqa: E402 - as above
from tests.contract.pkg.queue.site import BROKERS, SYSTEMS, settings_for, take  # noqa: E402 - as above

GREENLETS = 32
TOGETHER = 50


@dataclass(frozen=True)
class Row:
    """One system's figures."""

    system: str
    publish_per_second_1: float
    publish_per_second_32: float
    publish_together_per_second: float
    receive_per_second: float
    latency_p50_ms: float
    latency_p95_ms: float


@contextmanager
def opened(system: str) -> Iterator[Backend]:
    """A backend with a broker of its own."""
    if system == "mem":
        yield open_backend(system, QueueSettings())
        return
    with BROKERS[system]() as broker:
        backend = open_backend(system, settings_for(system, broker.address, "bench"))
        try:
            yield backend
        finally:
            backend.close()


def publish(backend: Backend, queue: str, count: int, greenlets: int, together: int) -> float:
    """Confirmed messages a second."""
    began = time.perf_counter()
    starts = iter(range(0, count, together))

    def publish_some() -> None:
        for start in starts:
            backend.publish(queue, *(b"%d" % number for number in range(start, min(start + together, count))))

    gevent.joinall([gevent.spawn(publish_some) for _ in range(greenlets)], raise_error=True)
    return count / (time.perf_counter() - began)


def receive(backend: Backend, queue: str, count: int) -> float:
    """Messages received and acknowledged a second, by one consumer."""
    with backend.subscribe([queue]) as subscription:
        take(subscription).acknowledge()  # by now the consumer is in place
        began = time.perf_counter()
        for _ in range(count - 1):
            take(subscription).acknowledge()
        return (count - 1) / (time.perf_counter() - began)


def latencies(backend: Backend, queue: str, count: int) -> list[float]:
    """Milliseconds from the call of publish to the return of receive."""
    with backend.subscribe([queue]) as subscription:
        backend.publish(queue, b"first")
        take(subscription).acknowledge()
        times = []
        for _ in range(count):
            waiting = gevent.spawn(take, subscription)
            gevent.sleep(0.005)
            began = time.perf_counter()
            backend.publish(queue, b"x")
            delivery = waiting.get()
            times.append((time.perf_counter() - began) * 1000)
            delivery.acknowledge()
    return times


def measure(system: str, count: int) -> Row:
    """Measure one system."""
    with opened(system) as backend:
        with gevent.Timeout(60):
            while True:
                try:
                    backend.publish("bench", b"x")  # so that the queue is there
                    break
                except QueueUnavailableError:
                    gevent.sleep(0.1)
        one = publish(backend, "bench", count, 1, 1)
        many = publish(backend, "bench", count, GREENLETS, 1)
        together = publish(backend, "bench", count, 1, TOGETHER)
        received = receive(backend, "bench", 3 * count)
        times = latencies(backend, "latency", min(count, 200))
    cuts = statistics.quantiles(times, n=20)
    return Row(system, one, many, together, received, statistics.median(times), cuts[18])


def main() -> None:
    """Measure all systems and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=1000, help="messages for each figure")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = [measure(system, arguments.count) for system in arguments.systems.split(",")]
    if arguments.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=2)
        print()
        return
    print("system   publish/s x1    x32   together   receive/s   publish to receive: p50 ms    p95 ms")
    for row in rows:
        print(
            f"{row.system:<8}{row.publish_per_second_1:>13.0f}{row.publish_per_second_32:>7.0f}"
            f"{row.publish_together_per_second:>11.0f}{row.receive_per_second:>12.0f}{row.latency_p50_ms:>29.2f}{row.latency_p95_ms:>10.2f}"
        )


if __name__ == "__main__":
    main()
