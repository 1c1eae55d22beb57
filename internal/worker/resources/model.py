"""What a resource type is given and what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import BuildInfo, ClaimRef, Gateway
from pikoci.internal.domain.plan import Resource, ResourceType
from pikoci.internal.worker.resources.descriptions import Descriptions
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import Commands, Sink, Tail
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import Outcome, StepError
from pikoci.internal.worker.tools.runners import CommandLines
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.users import BuildUser

Version = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCall:
    """One check, pull or push. `params` are the resource's, with those of a get on top; `put_params` those of a put.

    `name` is the step's name, or the resource's in a check. `on_output` takes what is for the log (a check has none).
    `descriptions` takes what is known of versions beside their keys.
    `build` and `claim` are None in a check. Commands run as `user`, or as the worker's own user if it is None; what is
    kept in caches is `team`'s alone.
    """

    resource: Resource
    type: ResourceType
    name: str
    params: Mapping[str, object]
    put_params: Mapping[str, object]
    lifetime: Lifetime
    workspace: Workspace
    commands: Commands
    command_lines: CommandLines
    gateway: Gateway
    clock: Clock
    settings: WorkerSettings
    environment: Mapping[str, str]
    see: Callable[[], Mapping[str, str]]
    on_output: Sink
    cache_dir: Path
    team: str
    user: BuildUser | None = None
    build: BuildInfo | None = None
    claim: ClaimRef | None = None
    descriptions: Descriptions = field(default_factory=Descriptions)

    @property
    def visible(self) -> Mapping[str, str]:
        """The variables of the build, which its commands see; asked for where one runs, as secrets are read for it.

        Raises StepError where one of these cannot be had.
        """
        return self.see()

    def note(self, text: str) -> None:
        """Write a line to the log."""
        self.on_output(f"{text}\n".encode("utf-8", "surrogateescape"))

    def timestamp(self) -> str:
        """The time now in RFC 3339, UTC, to the microsecond."""
        return datetime.fromtimestamp(self.clock.now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class ResourceHandler(Protocol):
    """A resource type at work. Every method raises StepError when it does not succeed or is stopped."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """The versions after `previous`, oldest first; only the newest when there is no previous one."""

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Fetch a version into the work directory."""

    def push(self, call: ResourceCall) -> list[Version]:
        """Publish, and return the versions that this made, the newest last."""


def require(outcome: Outcome, what: str, stderr: Tail | None = None) -> None:
    """Raise StepError unless `outcome` is a success; `what` and the end of its errors go into the reason."""
    if outcome.ok:
        return
    said = stderr.text() if stderr is not None else ""
    reason = outcome.reason if outcome.cause else f"{what}: {outcome.reason}" + (f": {said}" if said else "")
    raise StepError(Outcome(outcome.status, reason, outcome.exit_code, outcome.cause))
