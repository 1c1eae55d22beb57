"""What belongs to a build: the versions it took in and put out, and its steps."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import BuildInput, BuildOutput, InputChoice, Step
from pikoci.internal.store.session import Row, Session, batches, marks
from pikoci.internal.store.tables import STEPS
from pikoci.internal.store.values import encode_json, key_text

_HOOKS = ("on_success", "on_failure", "on_cancel", "ensure")
_SERVICES = ("start", "ready")

VERSIONS = (
    "SELECT bv.name, r.type, r.name, bv.version_id, v.version, bv.upstream, v.metadata FROM build_versions bv"
    " JOIN versions v ON v.id = bv.version_id JOIN resources r ON r.id = bv.resource_id"
    " WHERE bv.build_id = ? AND bv.is_output = ? ORDER BY bv.name, bv.version_id"
)
ADD_OUTPUT = (
    "INSERT INTO build_versions (build_id, is_output, name, version_id, resource_id, job_id, number, retry, upstream)"
    " SELECT id, TRUE, ?, ?, ?, job_id, number, retry, '{}' FROM builds WHERE id = ? ON CONFLICT DO NOTHING"
)
STEPS_OF_CLAIM = f"{STEPS.select} WHERE build_id = ? AND claim = ?"
STEPS_NOW = f"{STEPS.select} WHERE build_id = ? AND claim = (SELECT claim FROM builds WHERE id = ?)"
FINISHED_STEPS = "SELECT step FROM build_steps WHERE build_id = ? AND finished_at IS NOT NULL"
#: For each number of steps up to the most that one statement takes.
_SAVE_STEPS = {
    count: f"{STEPS.insert(count)} ON CONFLICT (build_id, claim, step) DO UPDATE SET {STEPS.excluded}"
    for count in range(1, 9)
}


class SqlBuildParts:
    """The part of `BuildRepository` that is about inputs, outputs and steps."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set_inputs(self, build_id: int, inputs: Sequence[InputChoice]) -> None:
        """See `BuildRepository`."""
        rows = self._session.change(
            "UPDATE builds SET inputs_resolved = TRUE, reason = '' WHERE id = ? RETURNING job_id, number, retry",
            (build_id,),
        )
        self._session.write("DELETE FROM build_versions WHERE build_id = ? AND is_output = FALSE", (build_id,))
        for job_id, number, retry in rows:
            self._insert_inputs(build_id, job_id, number, retry, inputs)

    def take_notices(self, build_id: int, version_ids: Sequence[int], notices: Sequence[str]) -> set[str]:
        """See `BuildRepository`. Of two builds that ask at once, the second waits for what the first is given."""
        pairs = [(version_id, notice) for version_id in sorted({*version_ids}) for notice in sorted({*notices})]
        for batch in batches(pairs):
            values = [value for pair in batch for value in (*pair, build_id)]
            self._session.write(
                f"INSERT INTO version_notices (version_id, notice, build_id) VALUES {marks(len(batch), '(?, ?, ?)')}"
                " ON CONFLICT DO NOTHING",
                values,
            )
        mine: set[str] = set()
        for ids in batches(sorted({*version_ids})):
            sql = f"SELECT notice FROM version_notices WHERE version_id IN ({marks(len(ids))}) AND build_id = ?"
            mine.update(row[0] for row in self._session.rows(sql, (*ids, build_id)))
        return mine & {*notices}

    def finished_steps(self, build_id: int) -> set[str]:
        """See `BuildRepository`."""
        return {row[0] for row in self._session.rows(FINISHED_STEPS, (build_id,))}

    def inputs(self, build_id: int) -> list[BuildInput]:
        """See `BuildRepository`. By name."""
        return [
            BuildInput(
                get=name,
                resource=f"{kind}.{resource}",
                version_id=version_id,
                version=msgspec.json.decode(version),
                upstream=msgspec.json.decode(upstream),
                metadata=msgspec.json.decode(known) if known else None,
            )
            for name, kind, resource, version_id, version, upstream, known in self._versions(build_id, is_output=False)
        ]

    def add_output(self, build_id: int, put: str, resource_id: int, version_id: int) -> None:
        """See `BuildRepository`."""
        self._session.write(ADD_OUTPUT, (key_text(put, "the put's name"), version_id, resource_id, build_id))

    def outputs(self, build_id: int) -> list[BuildOutput]:
        """See `BuildRepository`. By name, oldest version first."""
        return [
            BuildOutput(
                put=name,
                resource=f"{kind}.{resource}",
                version_id=version_id,
                version=msgspec.json.decode(version),
                metadata=msgspec.json.decode(known) if known else None,
            )
            for name, kind, resource, version_id, version, _, known in self._versions(build_id, is_output=True)
        ]

    def _versions(self, build_id: int, *, is_output: bool) -> list[Row]:
        return self._session.rows(VERSIONS, (build_id, is_output))

    def save_steps(self, steps: Sequence[Step]) -> None:
        """See `BuildRepository`. Of two steps with one key the last one counts."""
        last = {(step.build_id, step.claim, step.id): step for step in steps}
        for batch in batches(list(last.values()), len(_SAVE_STEPS)):
            self._session.write(_SAVE_STEPS[len(batch)], [value for step in batch for value in STEPS.values(step)])

    def steps(self, build_id: int, claim: int | None = None) -> list[Step]:
        """See `BuildRepository`. Hooks come after what they belong to."""
        if claim is None:
            rows = self._session.rows(STEPS_NOW, (build_id, build_id))
        else:
            rows = self._session.rows(STEPS_OF_CLAIM, (build_id, claim))
        return sorted(map(STEPS.read, rows), key=_step_order)

    def _insert_inputs(
        self, build_id: int, job_id: int, number: int, retry: int, inputs: Sequence[InputChoice]
    ) -> None:
        for batch in batches(inputs):
            groups = marks(len(batch), "(?, FALSE, ?, ?, ?, ?, ?, ?, ?)")
            values: list[object] = []
            for choice in batch:
                name, upstream = key_text(choice.get, "the get's name"), encode_json(choice.upstream)
                values += (build_id, name, choice.version_id, choice.resource_id, job_id, number, retry, upstream)
            self._session.write(
                "INSERT INTO build_versions (build_id, is_output, name, version_id, resource_id, job_id, number, retry,"
                f" upstream) VALUES {groups}",
                values,
            )


def _step_order(step: Step) -> list[tuple[int, int, str]]:
    """The step's place in its plan, by its path.

    Messages of `on_trigger` come first. Services start and become ready, then come numbered steps, hooks in the order
    in which they run, and the services' stops.
    """
    return [(0, int(part), "") if part.isdecimal() else (*_place(part), part) for part in step.id.split("/")]


def _place(name: str) -> tuple[int, int]:
    if name == "on_trigger":
        return -2, 0
    if name in _SERVICES:
        return -1, _SERVICES.index(name)
    return 1, _HOOKS.index(name) if name in _HOOKS else len(_HOOKS)
