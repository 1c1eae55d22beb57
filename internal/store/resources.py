"""Resources as the pipeline has them: names, pins, webhook tokens."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from pikoci.internal.domain.pipeline import ResourceState
from pikoci.internal.store.checks import SqlChecks
from pikoci.internal.store.session import batches, marks
from pikoci.internal.store.tables import RESOURCES
from pikoci.internal.store.values import key_text

FIND = f"{RESOURCES.select} WHERE pipeline_id = ? AND type = ? AND name = ?"
FIND_BY_TOKEN = f"{RESOURCES.select} WHERE webhook_token = ? AND webhook_token <> ''"

_TAG = "UPDATE resources SET tags = ? WHERE id = ?"
_RESCHEDULE = "UPDATE resources SET archived = FALSE, check_interval = ?, next_check_at = ? WHERE id = ?"


def pins_sql(resources: int) -> str:
    """The statement for the pinned versions of so many resources."""
    return (
        "SELECT id, pinned_version_id FROM resources"
        f" WHERE id IN ({marks(resources)}) AND pinned_version_id IS NOT NULL"
    )


class SqlResources(SqlChecks):
    """Implements `ResourceRepository`, checks included."""

    def sync(self, pipeline_id: int, wished: Sequence[ResourceState]) -> list[ResourceState]:
        """See `ResourceRepository`. In the order of `wished`."""
        known = {resource.canonical: resource for resource in self.list(pipeline_id, archived=True)}
        for batch in batches([new for new in wished if new.canonical not in known]):
            values = [value for new in batch for value in RESOURCES.values(_new(pipeline_id, new))]
            self._session.write(RESOURCES.insert(len(batch)), values)
        for new in wished:
            old = known.get(new.canonical)
            if old and (old.archived or old.check_interval != new.check_interval):
                self._session.write(_RESCHEDULE, (new.check_interval, new.next_check_at, old.id))
            if old and old.tags != new.tags:
                self._session.write(_TAG, ("+".join(new.tags), old.id))
        names = {new.canonical for new in wished}
        gone = [old.id for old in known.values() if old.canonical not in names and not old.archived]
        for ids in batches(gone):
            self._session.write(f"UPDATE resources SET archived = TRUE WHERE id IN ({marks(len(ids))})", ids)
        current = {resource.canonical: resource for resource in self.list(pipeline_id)}
        return [current[new.canonical] for new in wished]

    def get(self, resource_id: int) -> ResourceState | None:
        """See `ResourceRepository`."""
        row = self._session.row(f"{RESOURCES.select} WHERE id = ?", (resource_id,))
        return RESOURCES.read(row) if row else None

    def find(self, pipeline_id: int, canonical: str) -> ResourceState | None:
        """See `ResourceRepository`."""
        for type_, name in splits(key_text(canonical, "the resource's name")):
            row = self._session.row(FIND, (pipeline_id, type_, name))
            if row:
                return RESOURCES.read(row)
        return None

    def find_by_webhook_token(self, token: str) -> ResourceState | None:
        """See `ResourceRepository`."""
        row = self._session.row(FIND_BY_TOKEN, (key_text(token, "the webhook token"),))
        return RESOURCES.read(row) if row else None

    def list(self, pipeline_id: int, *, archived: bool = False) -> builtins.list[ResourceState]:
        """See `ResourceRepository`. In the order in which they were first made."""
        rows = self._session.rows(f"{RESOURCES.select} WHERE pipeline_id = ? ORDER BY id", (pipeline_id,))
        found = [RESOURCES.read(row) for row in rows]
        return [resource for resource in found if archived or not resource.archived]

    def pins(self, resource_ids: Sequence[int]) -> dict[int, int]:
        """See `ResourceRepository`."""
        found: dict[int, int] = {}
        for batch in batches(resource_ids):
            found.update((row[0], row[1]) for row in self._session.rows(pins_sql(len(batch)), batch))
        return found

    def set_pin(self, resource_id: int, version_id: int | None) -> None:
        """See `ResourceRepository`."""
        self._session.write("UPDATE resources SET pinned_version_id = ? WHERE id = ?", (version_id, resource_id))

    def set_webhook_token(self, resource_id: int, token: str) -> None:
        """See `ResourceRepository`."""
        token = key_text(token, "the webhook token")
        self._session.write("UPDATE resources SET webhook_token = ? WHERE id = ?", (token, resource_id))


def splits(canonical: str) -> builtins.list[tuple[str, str]]:
    """Every type and name that a canonical name may stand for: a name, unlike most types, can have dots."""
    dots = [place for place, letter in enumerate(canonical) if letter == "."]
    return [(canonical[:dot], canonical[dot + 1 :]) for dot in dots]


def _new(pipeline_id: int, wished: ResourceState) -> ResourceState:
    return ResourceState(
        id=0,
        pipeline_id=pipeline_id,
        type=wished.type,
        name=wished.name,
        check_interval=wished.check_interval,
        next_check_at=wished.next_check_at,
        webhook_token=wished.webhook_token,
        tags=wished.tags,
    )
