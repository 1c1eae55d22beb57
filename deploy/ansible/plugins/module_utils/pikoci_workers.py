"""Finding workers at the server, and waiting until they are as they should be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .pikoci_api import Api, ApiError

Worker = dict[str, Any]

_PERIOD = 1.0
_SHOWN_NAMES = 10


def find_workers(api: Api, names: list[str], *, ignore_missing: bool = False) -> list[Worker]:
    """The workers of these names. Raises ApiError for one that the server does not know, unless it may be missing."""
    known = {worker["name"]: worker for worker in api.items("workers")}
    unknown = [name for name in names if name not in known]
    if unknown and not ignore_missing:
        there = ", ".join(sorted(known)[:_SHOWN_NAMES]) or "none"
        raise ApiError(f"there is no worker {unknown[0]}; the server knows: {there}", 404)
    return [known[name] for name in names if name in known]


def wait_for(
    api: Api, before: list[Worker], is_done: Callable[[Worker, Worker], bool], timeout: float
) -> tuple[list[Worker], list[Worker]]:
    """Ask until `is_done(before, now)` holds for each worker; returns all of them, and those that never got there.

    A worker that the server does not know is `gone`. A server that is away is asked again until the time is over.
    """
    deadline = time.monotonic() + timeout
    latest = {worker["name"]: worker for worker in before}
    waiting = before
    while waiting:
        try:
            for worker in waiting:
                latest[worker["name"]] = api.find("workers", worker["name"]) or {**worker, "state": "gone"}
            waiting = [one for one in waiting if not is_done(one, latest[one["name"]])]
        except ApiError as error:
            if not error.may_pass:
                raise
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if waiting:
            time.sleep(min(_PERIOD, left))
    return list(latest.values()), [latest[worker["name"]] for worker in waiting]


def runs_nothing(worker: Worker) -> bool:
    """Whether it has neither builds nor checks."""
    return not worker.get("busy", len(worker["builds"])) and not worker["checks"]


def what_it_does(worker: Worker) -> str:
    """The worker in words, for messages."""
    builds = ", ".join(build["name"] for build in worker["builds"][:_SHOWN_NAMES])
    hidden = worker.get("busy", 0) - len(worker["builds"])
    running = builds or (f"{hidden} builds" if hidden > 0 else "") or ("checks" if worker["checks"] else "nothing")
    return f"{worker['name']} (version {worker['version'] or 'unknown'}) is {worker['state']} and runs {running}"
