"""What every use case is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pikoci.internal.domain.clock import Clock
from pikoci.internal.service.plumbing.audit import AuditTrail
from pikoci.internal.service.plumbing.bus import EventBus
from pikoci.internal.service.plumbing.compiled import CompiledPipelines
from pikoci.internal.service.plumbing.doorbell import Doorbell
from pikoci.internal.service.plumbing.fleet import Fleet
from pikoci.internal.service.plumbing.keyed_store import KeyedStore
from pikoci.internal.service.plumbing.last_use import LastUse
from pikoci.internal.service.plumbing.measures import Measures
from pikoci.internal.service.plumbing.ports import FetchSources, RunInThread
from pikoci.internal.service.plumbing.revocations import Revocations
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.turns import Turns
from pikoci.internal.service.plumbing.vain import VainByPipeline
from pikoci.internal.service.plumbing.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators that all services of one server share."""

    store: KeyedStore
    audit: AuditTrail
    doorbell: Doorbell
    clock: Clock
    settings: ServiceSettings
    bus: EventBus
    run_in_thread: RunInThread
    read_pipeline: RunInThread
    fetch_sources: FetchSources
    compiled: CompiledPipelines
    fleet: Fleet
    turns: Turns
    measures: Measures
    revocations: Revocations
    ended_sessions: Revocations
    last_use: LastUse
    waiting: Waiting
    vain: VainByPipeline

    def notify(self, *topics: str) -> None:
        """Wake who waits for the topics, once what happened is committed."""
        for topic in topics:
            self.store.after_commit(partial(self.bus.notify, topic))
