"""The route table: every address of the API, what answers it, and what goes in and out."""

from __future__ import annotations

from typing import Any

from pikoci.internal.api import bodies, fleet_views, views
from pikoci.internal.api.audit_view import AuditEntryView
from pikoci.internal.api.credential_routes import credential_routes
from pikoci.internal.api.endpoints.approvals import Approvals
from pikoci.internal.api.endpoints.audit import Audit
from pikoci.internal.api.endpoints.builds import Builds
from pikoci.internal.api.endpoints.events import Events
from pikoci.internal.api.endpoints.fleet import Fleet
from pikoci.internal.api.endpoints.jobs import Jobs
from pikoci.internal.api.endpoints.logs import Logs
from pikoci.internal.api.endpoints.operations import Operations
from pikoci.internal.api.endpoints.people import People
from pikoci.internal.api.endpoints.pipelines import Pipelines
from pikoci.internal.api.endpoints.resources import Resources
from pikoci.internal.api.endpoints.secrets import Secrets
from pikoci.internal.api.endpoints.session import Session
from pikoci.internal.api.route import BYTES, JSON, Route
from pikoci.internal.api.settings import ApiSettings
from pikoci.internal.api.worker_routes import worker_routes
from pikoci.internal.domain.names import Count
from pikoci.internal.service import Services

API = "/api/v1"
TEAM = f"{API}/teams/{{team}}"
PIPELINE = f"{TEAM}/pipelines/{{pipeline}}"
JOB = f"{PIPELINE}/jobs/{{job}}"
BUILD = f"{JOB}/builds/{{number}}"
RESOURCE = f"{PIPELINE}/resources/{{resource}}"
VERSION = f"{RESOURCE}/versions/{{version}}"
WORKER = f"{API}/workers/{{worker}}"

#: May not be possible in the state that things are in, or were brought into meanwhile.
_CONFLICT: dict[str, Any] = {"problems": (409,)}
#: What has no answer but that it is done.
_DONE: dict[str, Any] = {"status": 204, **_CONFLICT}
_PAGE: dict[str, Any] = {"query": bodies.PageQuery}
#: Answered whoever asks; credentials are not looked at.
_OPEN: dict[str, Any] = {"authenticates": False, "keeps_answer": False}
#: Shows to everybody what is public.
_PUBLIC: dict[str, Any] = {"is_public": True}


def table(services: Services, settings: ApiSettings, operations: Operations) -> list[Route]:
    """All routes, over these services."""
    return [
        *_sessions(Session(services)),
        *credential_routes(services),
        *_pipelines(Pipelines(services)),
        *_jobs(Jobs(services)),
        *_builds(Builds(services), Logs(services), Events(services, settings)),
        *_approvals(Approvals(services)),
        *_resources(Resources(services, settings)),
        *_people(People(services)),
        *_audit(Audit(services)),
        *_secrets(Secrets(services)),
        *_fleet(Fleet(services)),
        *worker_routes(services, settings),
        *_operations(operations),
    ]


def _sessions(session: Session) -> list[Route]:
    own: dict[str, Any] = {"before_password_change": True}
    login: dict[str, Any] = {"body": bodies.Login, "problems": (401, 429, 503)}
    token = views.TokenView
    return [
        Route("POST", f"{API}/login", session.login, "Log in", token, **login, **_OPEN),
        Route("POST", f"{API}/logout", session.logout, "End this session", keeps_answer=False, **own, **_DONE),
        Route("GET", f"{API}/profile", session.profile, "Who is logged in", views.ProfileView, **own),
        Route(
            "POST",
            f"{API}/profile/password",
            session.change_password,
            "Change the password; ends every session and starts a new one",
            token,
            body=bodies.NewPassword,
            keeps_answer=False,
            problems=(409, 429),
            **own,
        ),
    ]


def _pipelines(pipelines: Pipelines) -> list[Route]:
    listing = views.Listing[views.PipelineView]
    body: dict[str, Any] = {"body": bodies.SetPipeline, "is_large": True}
    new: dict[str, Any] = {"body": bodies.NewPipeline, "is_large": True, **_CONFLICT}
    dry: dict[str, Any] = {"keeps_answer": False, "problems": (422,)}
    pictures = ("text/vnd.graphviz", "text/plain", "image/svg+xml")
    return [
        Route("GET", f"{TEAM}/pipelines", pipelines.list, "Pipelines of a team", listing, **_PAGE, **_PUBLIC),
        Route("POST", f"{TEAM}/pipelines", pipelines.create, "Make a pipeline", views.SetView, status=201, **new),
        Route("GET", PIPELINE, pipelines.get, "A pipeline", views.PipelineDetailView, **_PUBLIC),
        Route("PUT", PIPELINE, pipelines.set, "Set a pipeline, new or not", views.SetView, **body, **_CONFLICT),
        Route("DELETE", PIPELINE, pipelines.delete, "Remove a pipeline and its history", **_DONE),
        Route("POST", f"{PIPELINE}/plan", pipelines.plan, "What setting would change", views.PlanView, **dry, **body),
        Route("POST", f"{PIPELINE}/pause", pipelines.pause, "Start no new builds", **_DONE),
        Route("POST", f"{PIPELINE}/unpause", pipelines.unpause, "Undo a pause", **_DONE),
        Route("POST", f"{PIPELINE}/publish", pipelines.publish, "Show it to everybody", **_DONE),
        Route("POST", f"{PIPELINE}/unpublish", pipelines.unpublish, "Undo a publish", **_DONE),
        Route(
            "GET",
            f"{PIPELINE}/graph",
            pipelines.graph,
            "Jobs and resources as a graph",
            views.GraphView,
            query=bodies.GraphQuery,
            media=(JSON, *pictures),
            **_PUBLIC,
        ),
        Route(
            "GET",
            f"{PIPELINE}/badge.svg",
            pipelines.badge,
            "A small picture of its state",
            media=pictures[1:],
            **_PUBLIC,
        ),
    ]


def _jobs(jobs: Jobs) -> list[Route]:
    listing = views.Listing[views.JobView]
    return [
        Route("GET", f"{PIPELINE}/jobs", jobs.list, "Jobs of a pipeline", listing, **_PAGE, **_PUBLIC),
        Route("GET", JOB, jobs.get, "A job", views.JobDetailView, **_PUBLIC),
        Route("POST", f"{JOB}/pause", jobs.pause, "Start no new builds", **_DONE),
        Route("POST", f"{JOB}/unpause", jobs.unpause, "Undo a pause", **_DONE),
    ]


def _approvals(approvals: Approvals) -> list[Route]:
    build, text = views.BuildView, "Approve a build that waits for it"
    return [
        Route("POST", f"{BUILD}/approve", approvals.approve, text, build, body=bodies.Approve, **_CONFLICT),
        Route("POST", f"{BUILD}/reject", approvals.reject, "Let it fail", build, body=bodies.Reject, **_CONFLICT),
    ]


def _builds(builds: Builds, logs: Logs, events: Events) -> list[Route]:
    listing, query, build = views.Listing[views.BuildView], bodies.BuildQuery, views.BuildView
    again, new = views.ReproductionView, {"status": 201, **_CONFLICT}
    text: dict[str, Any] = {
        "media": ("text/plain",),
        "headers": {"Range": str, "If-Range": str},
        "replies": (206,),
        "problems": (416,),
    }
    stream: dict[str, Any] = {
        "media": ("text/event-stream",),
        "query": bodies.EventQuery,
        "headers": {"Last-Event-ID": Count},
    }
    return [
        Route("POST", f"{JOB}/builds", builds.trigger, "Start a build", build, **new, body=bodies.Trigger),
        Route("GET", f"{JOB}/builds", builds.list, "Builds of a job, newest first", listing, query=query, **_PUBLIC),
        Route("GET", BUILD, builds.get, "A build", views.BuildDetailView, **_PUBLIC),
        Route("GET", f"{BUILD}/reproduction", builds.reproduction, "Run it elsewhere", again, **_CONFLICT),
        Route("POST", f"{BUILD}/cancel", builds.cancel, "Cancel a build", build, **_CONFLICT),
        Route("POST", f"{BUILD}/retry", builds.retry, "Run a build again with its versions", build, **new),
        Route("GET", f"{BUILD}/log", logs.get, "The log, whole or a range of bytes", **text, **_PUBLIC),
        Route("GET", f"{BUILD}/events", events.get, "What happens, live", **stream, **_PUBLIC, **_CONFLICT),
    ]


def _resources(resources: Resources) -> list[Route]:
    listing, versions = views.Listing[views.ResourceView], views.Listing[views.VersionView]
    token, started = views.WebhookTokenView, views.StartedView
    page: dict[str, Any] = {**_PAGE, **_PUBLIC}
    new: dict[str, Any] = {"status": 201, **_CONFLICT}
    return [
        Route("GET", f"{PIPELINE}/resources", resources.list, "Resources of a pipeline", listing, **_PAGE, **_PUBLIC),
        Route("GET", RESOURCE, resources.get, "A resource", views.ResourceView, **_PUBLIC),
        Route("POST", f"{RESOURCE}/check", resources.check, "Look for new versions at once", **_DONE),
        Route("POST", f"{RESOURCE}/pin", resources.pin, "Offer one version only", body=bodies.Pin, **_DONE),
        Route("POST", f"{RESOURCE}/unpin", resources.unpin, "Offer all versions again", **_DONE),
        Route(
            "POST",
            f"{RESOURCE}/webhook-token",
            resources.rotate_webhook_token,
            "Make a new webhook token; the old one is void",
            token,
            keeps_answer=False,
            **_CONFLICT,
        ),
        Route("GET", f"{RESOURCE}/versions", resources.versions, "Versions, newest first", versions, **page),
        Route("POST", f"{VERSION}/enable", resources.enable, "Bring a version back into use", **_DONE),
        Route("POST", f"{VERSION}/disable", resources.disable, "Take a version out of use", **_DONE),
        Route("POST", f"{VERSION}/trigger", resources.trigger, "Build with this version", started, **new),
        Route(
            "POST",
            "/webhooks/{token}",
            resources.webhook,
            "Check the resource of this token, unless the event that is posted does not concern it",
            views.DeliveredView,
            status=202,
            replies=(200,),
            takes=BYTES,
            problems=(403, 409, 503),
            **_OPEN,
        ),
    ]


def _people(people: People) -> list[Route]:
    users, teams = views.Listing[views.UserView], views.Listing[views.TeamView]
    new_team: dict[str, Any] = {"body": bodies.NewTeam, **_CONFLICT}
    member = f"{TEAM}/members/{{user}}"
    return [
        Route("GET", f"{API}/users", people.users, "All users", users, **_PAGE),
        Route(
            "POST",
            f"{API}/users",
            people.create_user,
            "Make a user",
            views.UserView,
            status=201,
            body=bodies.NewUser,
            problems=(409,),
        ),
        Route("GET", f"{API}/teams", people.teams, "Teams", teams, **_PAGE),
        Route("POST", f"{API}/teams", people.create_team, "Make a team", views.TeamView, status=201, **new_team),
        Route("GET", f"{TEAM}/members", people.members, "Members", views.Listing[views.MemberView], **_PAGE),
        Route("PUT", member, people.set_member, "Give a user a role", body=bodies.Membership, **_DONE),
        Route("DELETE", member, people.remove_member, "End a membership", **_DONE),
    ]


def _audit(audit: Audit) -> list[Route]:
    listing, query = views.Listing[AuditEntryView], bodies.AuditQuery
    return [
        Route("GET", f"{API}/audit", audit.list, "The audit log, newest first", listing, query=query),
        Route("GET", f"{TEAM}/audit", audit.list_of_team, "A team's audit log, newest first", listing, query=query),
    ]


def _secrets(secrets: Secrets) -> list[Route]:
    listing = views.Listing[views.SecretView]
    of_team, of_pipeline = f"{TEAM}/secrets", f"{PIPELINE}/secrets"
    # The fingerprint of a request that is kept would let its value be guessed.
    new: dict[str, Any] = {"body": bodies.NewSecret, "is_large": True, "keeps_answer": False, **_DONE}
    return [
        Route("GET", of_team, secrets.list, "Secrets of a team, without values", listing, **_PAGE),
        Route("PUT", f"{of_team}/{{secret}}", secrets.set, "Set a secret of a team", **new),
        Route("DELETE", f"{of_team}/{{secret}}", secrets.delete, "Delete a secret of a team", **_DONE),
        Route("GET", of_pipeline, secrets.list_of_pipeline, "Secrets of a pipeline, without values", listing, **_PAGE),
        Route("PUT", f"{of_pipeline}/{{secret}}", secrets.set_of_pipeline, "Set a secret of a pipeline", **new),
        Route(
            "DELETE", f"{of_pipeline}/{{secret}}", secrets.delete_of_pipeline, "Delete a secret of a pipeline", **_DONE
        ),
    ]


def _fleet(fleet: Fleet) -> list[Route]:
    workers, queues = views.Listing[fleet_views.WorkerView], views.Listing[fleet_views.QueueView]
    tokens, token = views.Listing[fleet_views.WorkerTokenView], f"{API}/worker-tokens/{{token_id}}"
    return [
        Route("GET", f"{API}/workers", fleet.workers, "Workers and what they run", workers, **_PAGE),
        Route("POST", f"{WORKER}/cordon", fleet.cordon, "Give it nothing new", **_DONE),
        Route("POST", f"{WORKER}/uncordon", fleet.uncordon, "Undo a cordon", **_DONE),
        Route("POST", f"{WORKER}/drain", fleet.drain, "Let it finish and end", **_DONE),
        Route("GET", WORKER, fleet.worker, "A worker and what it runs", fleet_views.WorkerView),
        Route("DELETE", WORKER, fleet.delete, "Forget a worker that is gone", **_DONE),
        Route("GET", f"{API}/worker-tokens", fleet.tokens, "Worker tokens, newest first", tokens, **_PAGE),
        Route(
            "POST",
            f"{API}/worker-tokens",
            fleet.create_token,
            "Make a worker token",
            fleet_views.NewWorkerTokenView,
            status=201,
            body=bodies.NewWorkerToken,
            problems=(404, 409),
            keeps_answer=False,
        ),
        Route("DELETE", token, fleet.revoke_token, "Revoke a worker token", **_DONE),
        Route("GET", f"{API}/queues", fleet.queues, "Queues, their depth and oldest message", queues, **_PAGE),
    ]


def _operations(operations: Operations) -> list[Route]:
    version = views.ServerVersionView
    metrics = ("text/plain",)
    return [
        Route("GET", "/healthz", operations.health, "Whether the process lives", views.HealthView, **_OPEN),
        Route("GET", "/readyz", operations.ready, "Whether it can work", views.HealthView, problems=(503,), **_OPEN),
        Route("GET", "/metrics", operations.metrics, "Metrics for Prometheus", media=metrics, **_OPEN),
        Route("GET", "/version", operations.version, "The server's version", version, **_OPEN),
        Route("GET", f"{API}/openapi.json", operations.openapi, "This document", dict[str, Any], **_OPEN),
    ]
