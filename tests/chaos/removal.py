"""A big pipeline that is deleted in the middle of it all, and an old one of which retention keeps little."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from functools import partial
from random import Random

import gevent

from pikoci.internal.domain.pipeline import PipelineSource
from pikoci.internal.domain.plan import PipelineSpec, encode_spec
from pikoci.internal.store import open_store
from pikoci.internal.store.store import SqlStore
from pikoci.pkg.client import Client
from pikoci.pkg.client.errors import ApiError
from tests.bench.growth.seeding import Seeds
from tests.chaos.jobs import TEAM
from tests.chaos.visitor import Visitor
from tests.chaos.world import World

BIG, OLD = "big", "old"
BULK, FRESH = "bulk", "fresh"
BUILDS = 5_000
_AGAIN = f'job "{FRESH}" {{\n  task "t" {{\n    run "exec" {{\n      path = "/bin/true"\n    }}\n  }}\n}}\n'
_LEFT = """
    SELECT p.name, count(*) FROM builds b JOIN jobs j ON j.id = b.job_id JOIN pipelines p ON p.id = j.pipeline_id
    WHERE j.name = 'bulk' GROUP BY p.name
"""
_FRESH = "SELECT b.number, b.status FROM builds b JOIN jobs j ON j.id = b.job_id WHERE j.name = 'fresh'"
#: Builds that stay beside those that retention keeps, since they say how the job stands.
_PROTECTED = 3


def seed(world: World) -> None:
    """Make both, before any server has started."""
    store = open_store(world.store_settings())
    store.migrate()
    for name in (BIG, OLD):
        _make(store, name)
    store.close()


def _make(store: SqlStore, name: str) -> None:
    team = store.accounts.find_team(TEAM)
    assert team is not None
    with store.transaction():
        source = PipelineSource(config="", variables={}, spec=encode_spec(PipelineSpec()))
        pipeline = store.pipelines.create(team.id, name, source, now=1.0)
        [job] = store.jobs.sync(pipeline.id, [BULK])
    Seeds(store).ended(job.id, BUILDS, parts=True)


class Removal:
    """Somebody who deletes the big pipeline and makes another one of its name; `broken` is what was wrong meanwhile."""

    def __init__(self, world: World, visitor: Visitor, random: Random) -> None:
        self._world = world
        self._visitor = visitor
        self._key = str(uuid.UUID(int=random.getrandbits(128), version=4))
        self.broken: list[str] = []

    def run(self, after: float) -> None:
        """Begin after so many seconds, and try until a server has done it."""
        gevent.sleep(after)
        client = self._visitor.clients[-1]
        self._visitor.persist(lambda: _delete(client))
        for number, each in enumerate(self._visitor.clients, 1):
            self._visitor.persist(partial(self._look, each, number))
        self._visitor.persist(lambda: client.pipelines.set(TEAM, BIG, _AGAIN, {}))
        self._visitor.persist(lambda: client.builds.trigger(TEAM, BIG, FRESH, key=self._key))

    def broken_promises(self, seconds: float) -> Iterator[str]:
        """What is wrong still after so many seconds of quiet."""
        yield from self.broken
        give_up = time.monotonic() + seconds
        while (found := list(self._unfinished())) and time.monotonic() < give_up:
            gevent.sleep(0.5)
        yield from found

    def _look(self, client: Client, number: int) -> None:
        """Nothing of the pipeline is to be seen any more."""
        if not _is_gone(client):
            self.broken.append(f"server {number} shows a build of {BIG} that was deleted")
        if any(shown["name"] == BIG for shown in client.pipelines.list(TEAM)):
            self.broken.append(f"server {number} lists {BIG} that was deleted")

    def _unfinished(self) -> Iterator[str]:
        left = dict(self._world.query(_LEFT))
        kept = self._world.settings.kept
        beyond = left.pop(OLD, 0)
        yield from (f"{count} builds of {name} are left, which was deleted" for name, count in left.items())
        if not kept <= beyond <= kept + _PROTECTED:
            yield f"retention has left {beyond} builds of {OLD}, not {kept}"
        if self._world.query(_FRESH) != [(1, "succeeded")]:
            yield f"the new pipeline {BIG} has the builds {self._world.query(_FRESH)}, not one that succeeded"


def _delete(client: Client) -> None:
    try:
        client.pipelines.delete(TEAM, BIG)
    except ApiError as error:
        if error.status != 404:  # an earlier try has done it, and its answer was lost
            raise


def _is_gone(client: Client) -> bool:
    try:
        client.builds.get(TEAM, BIG, BULK, "1")
    except ApiError as error:
        if error.status != 404:
            raise
        return True
    return False
