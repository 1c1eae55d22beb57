"""The approvals that a job asks for, where it runs without a server: whoever runs it gives them all."""

from __future__ import annotations

import sys

import click

from pikoci.internal.domain.errors import ConflictError, InvalidError
from pikoci.internal.domain.plan import JobPlan
from pikoci.shared.terminal import is_terminal, visible


def require_approval(job: JobPlan, *, approved: bool) -> None:
    """Return if all that the job asks for is approved: by an option, or by who answers at the terminal.

    Raises InvalidError where nobody can be asked, ConflictError where the answer is no.
    """
    if approved or not job.approvals:
        return
    labels = ", ".join(visible(one.label) for one in job.approvals)
    if not (sys.stdin.isatty() and is_terminal()):
        raise InvalidError(f"job {job.name} needs approval: {labels}", hint="give it with --approve")
    for one in job.approvals:
        if not click.confirm(f"Approve {visible(one.label)}, and run job {job.name}?"):
            raise ConflictError(f"job {job.name} is not approved: {visible(one.label)}")
