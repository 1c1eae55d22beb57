"""What each route needs, and what each kind of token may do. New routes belong into the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pikoci.internal.domain.accounts import Role
from tests.unit.internal.api.scene import PASSWORD

#: OPEN: credentials are not looked at. WORKER: a worker's token opens it. LOGIN: a session, and no API token. ANY: any
#: user or token. GLOBAL: a global administrator. PUBLIC: everybody, and it shows what the caller may see. SEEN: who
#: sees the pipeline. Otherwise the role in the team, or in the pipeline where the address has one.
Need = Literal["open", "worker", "login", "any", "global", "public", "seen", "read", "write", "maintain", "admin"]

_P = "/api/v1/teams/{team}/pipelines/{pipeline}"
_J = f"{_P}/jobs/{{job}}"
_B = f"{_J}/builds/{{number}}"
_R = f"{_P}/resources/{{resource}}"
_V = f"{_R}/versions/{{version}}"
_W = "/api/v1/worker"

NEEDS: dict[Need, str] = {
    "open": """
        GET /healthz, GET /readyz, GET /metrics, GET /version, GET /api/v1/openapi.json, POST /webhooks/{token},
        POST /api/v1/login
    """,
    "worker": f"""
        POST {_W}/register, POST {_W}/heartbeat, GET {_W}/commands,
        POST {_W}/builds/{{build_id}}/claim, POST {_W}/builds/{{build_id}}/claims/{{claim}}/events,
        POST {_W}/builds/{{build_id}}/claims/{{claim}}/artifacts,
        GET {_W}/builds/{{build_id}}/claims/{{claim}}/artifacts/{{digest}},
        POST {_W}/builds/{{build_id}}/claims/{{claim}}/secrets/{{secret}},
        POST {_W}/checks/{{resource_id}}/claim, POST {_W}/checks/{{resource_id}}/claims/{{claim}}/result,
        POST {_W}/checks/{{resource_id}}/claims/{{claim}}/secrets/{{secret}},
        POST {_W}/announcements/{{announcement_id}}/claim,
        POST {_W}/announcements/{{announcement_id}}/claims/{{claim}}/result,
        POST {_W}/announcements/{{announcement_id}}/claims/{{claim}}/secrets/{{secret}}
    """,
    "login": """
        POST /api/v1/logout, POST /api/v1/profile/password,
        GET /api/v1/api-tokens, POST /api/v1/api-tokens, DELETE /api/v1/api-tokens/{api_token_id},
        GET /api/v1/sessions, DELETE /api/v1/sessions, DELETE /api/v1/sessions/{session},
        GET /api/v1/worker-tokens, POST /api/v1/worker-tokens, DELETE /api/v1/worker-tokens/{token_id}
    """,
    "any": """
        GET /api/v1/profile, GET /api/v1/teams, GET /api/v1/workers, GET /api/v1/workers/{worker}, GET /api/v1/queues
    """,
    "global": """
        GET /api/v1/audit, GET /api/v1/users, POST /api/v1/users, POST /api/v1/teams, DELETE /api/v1/workers/{worker},
        POST /api/v1/workers/{worker}/cordon, POST /api/v1/workers/{worker}/uncordon,
        POST /api/v1/workers/{worker}/drain
    """,
    "public": "GET /api/v1/teams/{team}/pipelines",
    "seen": f"""
        GET {_P}, GET {_P}/graph, GET {_P}/badge.svg, GET {_P}/jobs, GET {_J}, GET {_J}/builds, GET {_B}, GET {_B}/log,
        GET {_B}/events, GET {_P}/resources, GET {_R}
    """,
    "read": f"""
        GET {_R}/versions, GET /api/v1/teams/{{team}}/members, GET /api/v1/teams/{{team}}/secrets, GET {_P}/secrets
    """,
    "write": f"""
        POST {_P}/pause, POST {_P}/unpause, POST {_J}/pause, POST {_J}/unpause, POST {_J}/builds, GET {_B}/reproduction,
        POST {_B}/cancel, POST {_B}/retry, POST {_R}/check, POST {_R}/pin, POST {_R}/unpin, POST {_V}/enable,
        POST {_V}/disable, POST {_V}/trigger
    """,
    "maintain": f"""
        POST /api/v1/teams/{{team}}/pipelines, PUT {_P}, POST {_P}/plan, POST {_P}/publish, POST {_P}/unpublish,
        POST {_B}/approve, POST {_B}/reject, POST {_R}/webhook-token, PUT /api/v1/teams/{{team}}/secrets/{{secret}},
        DELETE /api/v1/teams/{{team}}/secrets/{{secret}}, PUT {_P}/secrets/{{secret}}, DELETE {_P}/secrets/{{secret}}
    """,
    "admin": f"""
        DELETE {_P}, GET /api/v1/teams/{{team}}/audit,
        PUT /api/v1/teams/{{team}}/members/{{user}}, DELETE /api/v1/teams/{{team}}/members/{{user}}
    """,
}
ACCESS: dict[str, Need] = {
    route.strip(): need for need, routes in NEEDS.items() for route in routes.split(",") if route.strip()
}
#: A build is approved by people.
VOTES = {f"POST {_B}/approve", f"POST {_B}/reject"}

CONFIG = 'job "only" {\n  task "go" {\n    run "exec" { path = "/bin/true" }\n  }\n}\n'
#: Bodies that have what they must have.
BODIES: dict[str, object] = {
    "POST /api/v1/profile/password": {"current": PASSWORD, "new": "another good one"},
    "POST /api/v1/api-tokens": {"name": "more"},
    "POST /api/v1/users": {"name": "dave", "password": PASSWORD},
    "POST /api/v1/teams": {"name": "green"},
    "PUT /api/v1/teams/{team}/members/{user}": {"role": "read"},
    "POST /api/v1/teams/{team}/pipelines": {"name": "new", "config": CONFIG},
    f"PUT {_P}": {"config": CONFIG},
    f"POST {_P}/plan": {"config": CONFIG},
    f"POST {_B}/reject": {"reason": "no"},
    f"POST {_R}/pin": {"version_id": 1},
    "PUT /api/v1/teams/{team}/secrets/{secret}": {"value": "hunter22"},
    f"PUT {_P}/secrets/{{secret}}": {"value": "hunter22"},
}


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a token opens: the role in the team, and in the pipeline, that addresses name."""

    team: Role | None = None
    pipeline: Role | None = None
    is_global: bool = False
    is_alive: bool = True
    reads_only: bool = False
    has_vote: bool = True

    def statuses(self, route: str) -> set[int] | None:
        """Those of which the answer has one; None: anything but a refusal."""
        need = ACCESS[route]
        if need == "worker" or not self.is_alive:
            return {401}
        if self.reads_only and not route.startswith("GET "):
            return {403}
        if need == "login":
            return {403}
        if self._has(need, "{pipeline}" in route) and (self.has_vote or route not in VOTES):
            return None
        return {403, 404}

    def _has(self, need: Need, in_pipeline: bool) -> bool:
        if need in {"any", "public"} or self.is_global:
            return True
        if need == "global":
            return False
        held = self.pipeline if in_pipeline else self.team
        return held is not None and held.includes(Role.READ if need == "seen" else Role(need))


def both(role: Role, **more: bool) -> Power:
    """The same role in team and pipeline."""
    return Power(team=role, pipeline=role, **more)
