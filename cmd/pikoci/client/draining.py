"""Waiting until a worker that drains has nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pikoci.internal.domain.errors import PikociError
from pikoci.pkg.client import ApiError, Client, ServerUnreachableError

_PERIOD = 0.5


def wait_drained(
    api: Client, before: Any, timeout: float, now: Callable[[], float], sleep: Callable[[float], None]
) -> str:
    """Wait until the worker `before`, as the API showed it, runs nothing more; returns how that came about.

    A server that is away meanwhile is asked again. Raises PikociError after `timeout` seconds.
    """
    name = before["name"]
    deadline = now() + timeout
    while True:
        end, running = "", "the server is away"
        try:
            worker = api.workers.get(name)
            end = how_it_ended(before, worker)
            running = f"it is {worker['state']} and runs {len(worker['builds'])} builds and {worker['checks']} checks"
        except ServerUnreachableError:
            pass
        except ApiError as error:
            if error.status == 404:
                return "is gone"
            if error.status < 500:
                raise
        if end:
            return end
        if now() >= deadline:
            hint = "it goes on draining; ask again with a longer --timeout"
            raise PikociError(f"{name} has not drained in time: {running}", hint=hint)
        sleep(min(_PERIOD, max(0.0, deadline - now())))


def how_it_ended(before: Any, worker: Any) -> str:
    """How the worker came to run nothing of before; empty while it may."""
    if worker["registered_at"] != before["registered_at"] and worker["wanted"] != "draining":
        return "has drained and was started again"
    if worker["state"] == "stalled":
        return "is gone"
    if worker["state"] in {"draining", "ended"} and not worker["builds"] and not worker["checks"]:
        return "has drained"
    return ""
