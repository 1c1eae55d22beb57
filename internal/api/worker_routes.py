"""The routes that workers alone may use."""

from __future__ import annotations

from typing import Any

from pikoci.internal.api.endpoints.worker import WorkerApi
from pikoci.internal.api.route import Route
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.service import Services
from pikoci.internal.service.model import (
    LINES,
    MSGPACK,
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    Heartbeat,
    HeartbeatReply,
    Report,
    StoredArtifact,
    WorkerHello,
    WorkerTerms,
)

WORKER = "/api/v1/worker"
BUILD = f"{WORKER}/builds/{{build_id}}"
CHECK = f"{WORKER}/checks/{{resource_id}}"
BYTES = "application/octet-stream"

_PACKED: dict[str, Any] = {
    "takes": MSGPACK,
    "media": (MSGPACK,),
    "authenticates": False,
    "for_workers": True,
    "keeps_answer": False,
}
_DONE: dict[str, Any] = {**_PACKED, "status": 204}


def worker_routes(services: Services, settings: ApiSettings) -> list[Route]:
    """Everything a worker asks of the server; bodies and answers are MessagePack."""
    api = WorkerApi(services, settings)
    claim = f"{BUILD}/claims/{{claim}}"
    artifact: dict[str, Any] = {**_PACKED, "takes": BYTES}
    stream: dict[str, Any] = {**_PACKED, "media": (LINES,)}
    download: dict[str, Any] = {**_PACKED, "media": (BYTES,)}
    check = f"{CHECK}/claims/{{claim}}/result"
    return [
        Route(
            "POST", f"{WORKER}/register", api.register, "Make a worker known", WorkerTerms, body=WorkerHello, **_PACKED
        ),
        Route("POST", f"{WORKER}/heartbeat", api.heartbeat, "Renew leases", HeartbeatReply, body=Heartbeat, **_PACKED),
        Route("GET", f"{WORKER}/commands", api.commands, "What the server wants, live", **stream),
        Route("POST", f"{BUILD}/claim", api.claim_build, "Take a build", BuildAssignment, **_PACKED),
        Route("POST", f"{claim}/events", api.report, "Tell what happened in a build", body=Report, **_DONE),
        Route("POST", f"{claim}/artifacts", api.store_artifact, "Keep a stream", StoredArtifact, **artifact),
        Route("GET", f"{claim}/artifacts/{{digest}}", api.load_artifact, "A kept stream", **download),
        Route("POST", f"{CHECK}/claim", api.claim_check, "Take a check", CheckAssignment, **_PACKED),
        Route("POST", check, api.finish_check, "Tell what a check found", body=CheckResult, **_DONE),
    ]
