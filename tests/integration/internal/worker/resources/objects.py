"""Resources of the type s3."""

from __future__ import annotations

from collections.abc import Mapping

from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from tests.unit.internal.worker.bench_room import Room, task
from tests.unit.internal.worker.fake_gateway import Record

KIND = ResourceType(name="s3", builtin="s3")


def resource(params: Mapping[str, object]) -> Resource:
    return Resource(type="s3", name="object", params=dict(params))


def put(room: Room, params: Mapping[str, object], make: str, **given: object) -> Record:
    """Put what a script makes."""
    return room.run_job(
        task(make),
        PutStep(id="2", name="object", resource="s3.object", params=given),
        resources=[resource(params)],
    )


def get(
    room: Room, params: Mapping[str, object], version: Mapping[str, object], script: str = "true", **given: object
) -> Record:
    """Get a version, and look at what came."""
    return room.run_job(
        GetStep(id="1", name="object", resource="s3.object", params=given),
        task(script, id="2"),
        resources=[resource(params)],
        inputs={"object": dict(version)},
    )
