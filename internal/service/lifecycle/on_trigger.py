"""Which build sends the messages about a new version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from pikoci.internal.domain.build import Build, BuildInput
from pikoci.internal.domain.plan import JobPlan, NotifyStep
from pikoci.internal.domain.repositories import Store


def with_due_notices(store: Store, build: Build, plan: JobPlan, inputs: Sequence[BuildInput]) -> JobPlan:
    """The plan with those messages of its `on_trigger` that this build is to send: called as the build is claimed.

    None in a build that a person started. A message that another build took for the versions that made this one is not
    sent again, whichever job that build is of. The build that took it sends it until one of its attempts has reported
    that it is done with it: a worker that is lost in between may leave a message that is sent twice.
    """
    if not plan.on_trigger:
        return plan
    due: list[NotifyStep] = []
    if not build.created_by:
        gets = {step.name for step in plan.gets() if step.trigger}
        versions = [given.version_id for given in inputs if given.get in gets]
        mine = store.builds.take_notices(build.id, versions, [_digest(step) for step in plan.on_trigger])
        done = store.builds.finished_steps(build.id) if build.claim > 1 else set()
        due = [step for step in plan.on_trigger if _digest(step) in mine and step.id not in done]
    return msgspec.structs.replace(plan, on_trigger=due)


def _digest(step: NotifyStep) -> str:
    """The same for all that say the same to the same."""
    said = msgspec.json.encode([step.notification, step.message, step.params], order="deterministic")
    return hashlib.sha256(said).hexdigest()
