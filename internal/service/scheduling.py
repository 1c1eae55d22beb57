"""What the scheduler's loops do in one turn. Every server may run all of them: no work is done twice."""

from __future__ import annotations

from pikoci.internal.service.context import Context


class Scheduling:
    """One method for each loop; each returns how much it did, so that a full batch is followed by another at once."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def recover(self) -> None:
        """At a server's start: leases get a full period of grace, and what was published before is published again."""
        raise NotImplementedError

    def dispatch_checks(self) -> int:
        """Publish the checks that are due, at most `due_batch`."""
        raise NotImplementedError

    def next_check_in(self) -> float | None:
        """Seconds until the next check falls due; None if none will."""
        raise NotImplementedError

    def schedule_jobs(self) -> int:
        """Look at jobs whose inputs or waiting builds changed: make their builds, dispatch what has a slot."""
        raise NotImplementedError

    def sweep(self) -> int:
        """Publish again what nobody claimed, take back what lost its worker."""
        raise NotImplementedError

    def prune(self) -> int:
        """Delete a batch of logs, builds and artifacts beyond the retention settings."""
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        """Builds that have not ended, by status."""
        raise NotImplementedError

    def depths(self) -> dict[str, int | None]:
        """Waiting messages by queue; None where the broker cannot tell."""
        raise NotImplementedError
