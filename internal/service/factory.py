"""Puts the services of one server together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.lifecycle.scheduling import Scheduling
from pikoci.internal.service.plumbing.audit import AuditTrail, Sink
from pikoci.internal.service.plumbing.bus import EventBus
from pikoci.internal.service.plumbing.compiled import CompiledPipelines
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.doorbell import Doorbell
from pikoci.internal.service.plumbing.fleet import Fleet
from pikoci.internal.service.plumbing.keyed_store import KeyedStore
from pikoci.internal.service.plumbing.last_use import LastUse
from pikoci.internal.service.plumbing.measures import Measures
from pikoci.internal.service.plumbing.ports import Broker, FetchSources, RunInThread, fetch_nothing, run_inline
from pikoci.internal.service.plumbing.revocations import Revocations
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService, signing_secret
from pikoci.internal.service.plumbing.turns import Turns
from pikoci.internal.service.plumbing.vain import VainByPipeline
from pikoci.internal.service.plumbing.waiting import Waiting
from pikoci.internal.service.use_cases.accounts import AccountService
from pikoci.internal.service.use_cases.api_tokens import ApiTokenService
from pikoci.internal.service.use_cases.approvals import ApprovalService
from pikoci.internal.service.use_cases.audit import AuditService
from pikoci.internal.service.use_cases.builds import BuildService
from pikoci.internal.service.use_cases.gateway import WorkerGateway
from pikoci.internal.service.use_cases.idempotency import IdempotencyService
from pikoci.internal.service.use_cases.jobs import JobService
from pikoci.internal.service.use_cases.monitoring import Monitoring
from pikoci.internal.service.use_cases.pipelines import PipelineService
from pikoci.internal.service.use_cases.resources import ResourceService
from pikoci.internal.service.use_cases.secrets import SecretService
from pikoci.internal.service.use_cases.sessions import SessionService
from pikoci.internal.service.use_cases.webhooks import WebhookService
from pikoci.internal.service.use_cases.worker_tokens import WorkerTokenService
from pikoci.internal.service.use_cases.workers import WorkerService


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case of a server, one attribute for each aggregate."""

    context: Context
    pipelines: PipelineService
    jobs: JobService
    builds: BuildService
    approvals: ApprovalService
    resources: ResourceService
    secrets: SecretService
    webhooks: WebhookService
    accounts: AccountService
    audit: AuditService
    sessions: SessionService
    api_tokens: ApiTokenService
    tokens: TokenService
    gateway: WorkerGateway
    workers: WorkerService
    worker_tokens: WorkerTokenService
    scheduling: Scheduling
    monitoring: Monitoring
    idempotency: IdempotencyService


def build_services(
    store: Store,
    broker: Broker,
    clock: Clock,
    settings: ServiceSettings | None = None,
    *,
    bus: EventBus | None = None,
    run_in_thread: RunInThread = run_inline,
    hash_in_thread: RunInThread | None = None,
    read_pipeline: RunInThread | None = None,
    fetch_sources: FetchSources = fetch_nothing,
    broker_failure: type[Exception] = UnavailableError,
    jwt_secret: str | None = None,
    previous_secrets: Sequence[str] = (),
    audit_sink: Sink | None = None,
) -> Services:
    """All services over one store; migrate it first. `jwt_secret` None uses the secret kept in the store.

    `broker_failure` is the error by which the broker says that it is away. `previous_secrets` still open the tokens
    that they signed. Passwords are hashed by `hash_in_thread` and pipeline files read by `read_pipeline`; both are
    `run_in_thread` where they are not given. What files take from the web is had by `fetch_sources`. Each entry
    of the audit log is also given to `audit_sink`.
    """
    settings = settings or ServiceSettings()
    keyed = KeyedStore(store)
    compiled, fleet = CompiledPipelines(store), Fleet(store, clock, settings)
    turns = Turns(settings.team_weights)
    context = Context(
        store=keyed,
        audit=AuditTrail(keyed, clock, audit_sink),
        doorbell=Doorbell(keyed, broker, broker_failure, fleet, clock),
        clock=clock,
        settings=settings,
        bus=bus or EventBus(),
        run_in_thread=run_in_thread,
        read_pipeline=read_pipeline or run_in_thread,
        fetch_sources=fetch_sources,
        compiled=compiled,
        fleet=fleet,
        turns=turns,
        measures=Measures(),
        revocations=Revocations(store.worker_tokens.revoked, clock),
        ended_sessions=Revocations(store.ended_sessions.ended, clock),
        last_use=LastUse(store, clock),
        waiting=Waiting(store, clock, compiled, fleet, turns),
        vain=VainByPipeline(),
    )
    secret, is_revoked = signing_secret(store, jwt_secret), context.revocations.contains
    tokens = TokenService(secret, clock, settings, is_revoked, previous_secrets)
    return _use_cases(context, tokens, hash_in_thread or run_in_thread)


def _use_cases(context: Context, tokens: TokenService, hash_in_thread: RunInThread) -> Services:
    return Services(
        context=context,
        pipelines=PipelineService(context),
        jobs=JobService(context),
        builds=BuildService(context),
        approvals=ApprovalService(context),
        resources=ResourceService(context),
        secrets=SecretService(context),
        webhooks=WebhookService(context),
        accounts=AccountService(context, hash_in_thread),
        audit=AuditService(context),
        sessions=SessionService(context, tokens),
        api_tokens=ApiTokenService(context),
        tokens=tokens,
        gateway=WorkerGateway(context),
        workers=WorkerService(context),
        worker_tokens=WorkerTokenService(context, tokens),
        scheduling=Scheduling(context),
        monitoring=Monitoring(context),
        idempotency=IdempotencyService(context),
    )
