"""Short ways to convert a pipeline and to see what became of it."""

from __future__ import annotations

import textwrap

from pikoci.internal.domain.plan import PipelineSpec
from pikoci.internal.pipeline import formatted
from pikoci.internal.pipeline.concourse import Converted, convert
from tests.unit.internal.pipeline.loading import spec_of

REPO = """
resources:
- name: repo
  type: git
  source: {uri: u}
"""


def job_of(plan: str, settings: str = "", resources: str = REPO) -> Converted:
    """A pipeline with one job that has this plan."""
    plan = textwrap.indent(textwrap.dedent(plan).strip("\n"), "  ")
    return convert(f"{resources}\njobs:\n- name: j\n{textwrap.indent(settings, '  ')}\n  plan:\n{plan}\n", "ci.yml")


def body_of(found: Converted) -> str:
    """What stands in the first job, its indentation taken away."""
    assert formatted(found.text) == found.text
    lines = found.text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith('job "'))
    last = next(place for place, line in enumerate(lines) if place > first and line == "}")
    return textwrap.dedent("\n".join(lines[first + 1 : last])).strip("\n")


def losses_of(found: Converted) -> list[str]:
    """What was not converted, each as `line: what: reason`."""
    return [f"{loss.line}: {loss.what}: {loss.reason}" for loss in found.losses]


def pipeline_of(found: Converted, **variables: object) -> PipelineSpec:
    """The pipeline that a server makes of the text."""
    return spec_of(found.text, variables)
