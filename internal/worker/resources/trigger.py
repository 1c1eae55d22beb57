"""The built-in resource type `trigger`: versions come from people, webhooks and puts, never from a check."""

from __future__ import annotations

from pikoci.internal.worker.resources.model import ResourceCall, Version


class TriggerType:
    """Makes a version when somebody asks for one."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """A check is such a request: one new version."""
        return [{"date": call.timestamp()}]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """There is nothing to fetch; the version's values are in the environment."""

    def push(self, call: ResourceCall) -> list[Version]:
        """A version that says which build made it, with the values that the put gives."""
        assert call.build is not None
        made = {"pipeline": call.build.pipeline, "job": call.build.job, "build": call.build.number}
        named = {f"trigger_{name}": value for name, value in made.items()}
        return [{**call.put_params, "date": call.timestamp(), **named}]
