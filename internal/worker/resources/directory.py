"""A resource that is replaced by a directory of this machine, for runs without a server."""

from __future__ import annotations

from pathlib import Path

from pikoci.internal.worker.resources.model import ResourceCall, Version, require
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_ERROR_EXCERPT = 500


class DirectoryType:
    """A get copies the directory `source`; a put changes nothing."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """There is one version: the directory as it is."""
        return [] if previous else [{"ref": "local"}]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Copy it all, so that the build cannot change the original."""
        try:
            target = call.workspace.inside(text_of(call.params.get("name")) or call.resource.name)
        except ValueError as error:
            raise StepError(failed(str(error))) from error
        target.parent.mkdir(parents=True, exist_ok=True)
        stderr = Tail(_ERROR_EXCERPT)
        argv = ["cp", "-R", "-p", "-P", "--", str(self._source), str(target)]
        outcome = call.commands.run(
            argv, call.environment, call.workspace.work, call.lifetime, call.on_output, stderr.write
        )
        require(outcome, f"cannot copy {self._source}", stderr)

    def push(self, call: ResourceCall) -> list[Version]:
        """Nothing is published from a run on this machine."""
        call.note(f"{call.resource.canonical} stands for a directory here: nothing is published")
        return []
