"""The examples of built-in services: their jobs as a room runs them, and servers in images."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES, read_form
from pikoci.internal.domain.plan import PipelineSpec, Step
from pikoci.internal.pipeline import load
from pikoci.internal.worker.services.builtin import RECIPES
from pikoci.internal.worker.services.model import Order
from tests.acceptance.examples import FOLDER, rows
from tests.services.process import free_port


class ServiceExample:
    """A job of an example: its `steps`, the rest of its plan, and what its log has."""

    def __init__(self, name: str, job: str, **variables: object) -> None:
        file = FOLDER / f"{name}.hcl"
        given = {"port": free_port(), **variables}
        loaded = load(file.read_text(encoding="utf-8"), given, filename=file.name, now=datetime.now(UTC))
        assert isinstance(loaded.spec, PipelineSpec), loaded.diagnostics
        found = loaded.spec.job(job)
        assert found is not None
        self.steps: list[Step] = found.steps
        self.plan: dict[str, Any] = {
            "services": found.services,
            "service_types": loaded.spec.service_types,
            "masks": loaded.spec.masks,
        }
        self.texts = [text.encode() for row in rows(file) if row.job == job for text in row.texts]


def version_here(service: str, path: str) -> str:
    """The version of a service's program on this machine, as far as a release has it."""
    with ExitStack() as held:
        told = RECIPES[service](Order(read_form(BUILTIN_SERVICES[service], {}), path, held)).find().version
    if not isinstance(told, str):
        told = subprocess.run(told, capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"\d+(\.\d+)?", told)
    assert found is not None, told
    return found.group()
