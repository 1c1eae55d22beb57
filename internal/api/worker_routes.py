"""The routes that workers alone may use."""

from __future__ import annotations

from typing import Any

from pikoci.internal.api.endpoints.worker import WorkerApi
from pikoci.internal.api.names import Instance, WorkerName
from pikoci.internal.api.route import BYTES, Route
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    BuildAssignment,
    CheckAssignment,
    CheckResult,
    Heartbeat,
    HeartbeatReply,
    WorkerHello,
    WorkerTerms,
)
from pikoci.internal.domain.wire import (
    INSTANCE_HEADER,
    LINES,
    MSGPACK,
    WORKER_HEADER,
    Report,
    SecretValue,
    StoredArtifact,
)
from pikoci.internal.service import Services

WORKER = "/api/v1/worker"
BUILD = f"{WORKER}/builds/{{build_id}}"
CHECK = f"{WORKER}/checks/{{resource_id}}"
ANNOUNCEMENT = f"{WORKER}/announcements/{{announcement_id}}"

_PACKED: dict[str, Any] = {
    "takes": MSGPACK,
    "media": (MSGPACK,),
    "authenticates": False,
    "for_workers": True,
    "keeps_answer": False,
    "headers": {WORKER_HEADER: WorkerName, INSTANCE_HEADER: Instance},
}
#: Also 403 for work that the token does not open, 409 for what somebody else has.
_CLAIM: dict[str, Any] = {**_PACKED, "problems": (403, 409)}
_CLAIMED: dict[str, Any] = {**_PACKED, "problems": (409,)}
_DONE: dict[str, Any] = {**_CLAIMED, "status": 204}


def worker_routes(services: Services, settings: ApiSettings) -> list[Route]:
    """Everything a worker asks of the server; bodies and answers are MessagePack."""
    api = WorkerApi(services, settings)
    claim = f"{BUILD}/claims/{{claim}}"
    artifact: dict[str, Any] = {**_CLAIMED, "takes": BYTES}
    beat: dict[str, Any] = {**_PACKED, "problems": (404, 409)}
    stream: dict[str, Any] = {**_PACKED, "media": (LINES,)}
    download: dict[str, Any] = {**_CLAIMED, "media": (BYTES,)}
    check = f"{CHECK}/claims/{{claim}}"
    named: dict[str, Any] = {**_PACKED, "problems": (403, 404, 409)}
    return [
        Route(
            "POST", f"{WORKER}/register", api.register, "Make a worker known", WorkerTerms, body=WorkerHello, **_CLAIM
        ),
        Route("POST", f"{WORKER}/heartbeat", api.heartbeat, "Renew leases", HeartbeatReply, body=Heartbeat, **beat),
        Route("GET", f"{WORKER}/commands", api.commands, "What the server wants, live", **stream),
        Route("POST", f"{BUILD}/claim", api.claim_build, "Take a build", BuildAssignment, **_CLAIM),
        Route("POST", f"{claim}/events", api.report, "Tell what happened in a build", body=Report, **_DONE),
        Route("POST", f"{claim}/artifacts", api.store_artifact, "Keep a stream", StoredArtifact, **artifact),
        Route("GET", f"{claim}/artifacts/{{digest}}", api.load_artifact, "A kept stream", **download),
        Route(
            "POST",
            f"{claim}/secrets/{{secret}}",
            api.build_secret,
            "A secret that the build names",
            SecretValue,
            **named,
        ),
        Route("POST", f"{CHECK}/claim", api.claim_check, "Take a check", CheckAssignment, **_CLAIM),
        Route(
            "POST",
            f"{check}/secrets/{{secret}}",
            api.check_secret,
            "A secret that the check names",
            SecretValue,
            **named,
        ),
        Route("POST", f"{check}/result", api.finish_check, "Tell what a check found", body=CheckResult, **_DONE),
        *_announcement_routes(api, named),
    ]


def _announcement_routes(api: WorkerApi, named: dict[str, Any]) -> list[Route]:
    claim, claimed = f"{ANNOUNCEMENT}/claim", f"{ANNOUNCEMENT}/claims/{{claim}}"
    what, done = "A secret that the announcement names", "Tell how sending it ended"
    return [
        Route("POST", claim, api.claim_announcement, "Take an announcement", AnnouncementAssignment, **_CLAIM),
        Route("POST", f"{claimed}/secrets/{{secret}}", api.announcement_secret, what, SecretValue, **named),
        Route("POST", f"{claimed}/result", api.finish_announcement, done, body=AnnouncementResult, **_DONE),
    ]
