"""The built-in resource type `cron`: the time itself."""

from __future__ import annotations

from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.tools.outcome import StepError, failed


class CronType:
    """A version for each check; the server runs one whenever the resource's check_interval is due."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """The time now."""
        return [{"date": call.timestamp()}]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """There is nothing to fetch; the version's date is in the environment."""

    def push(self, call: ResourceCall) -> list[Version]:
        """Nobody can put the time."""
        raise StepError(failed(f'"{call.resource.canonical}" is a cron resource, and cannot be put'))
