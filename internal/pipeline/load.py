"""From the text of a file to a pipeline, or to everything that is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import msgspec

from pikoci.internal.domain.errors import Diagnostic, InvalidPipelineError
from pikoci.internal.domain.fetched_source import FetchedSource
from pikoci.internal.domain.limits import MAX_FILE
from pikoci.internal.domain.plan import PipelineSpec
from pikoci.internal.pipeline import passed
from pikoci.internal.pipeline.commands import Runners
from pikoci.internal.pipeline.declared import Declared
from pikoci.internal.pipeline.jobs import build_jobs
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.limits import Budget
from pikoci.internal.pipeline.locals import Locals
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.nodes import Node, read, read_value
from pikoci.internal.pipeline.notifications import Notifications
from pikoci.internal.pipeline.report import ReadingStoppedError, Report
from pikoci.internal.pipeline.resources import Resources
from pikoci.internal.pipeline.scope import Named, Scope
from pikoci.internal.pipeline.secrets import SecretStores
from pikoci.internal.pipeline.steps import Steps
from pikoci.internal.pipeline.structure import Structure
from pikoci.internal.pipeline.typechecks import TypeChecks, by_name
from pikoci.internal.pipeline.variables import Variables
from pikoci.internal.pipeline.web_sources import Fetched, insert
from pikoci.pkg import hcl
from pikoci.pkg.hcl.syntax import Body

_COMMAND_TYPES = ("secret_type", "service_type", "notification_type")


class Loaded(msgspec.Struct, frozen=True):
    """What became of a file. `diagnostics` are in source order and may hold warnings beside a spec.

    `spec` is None if there is an error, and where variables without a value were allowed and there are some: then the
    file is valid as far as that can be told.
    """

    spec: PipelineSpec | None
    diagnostics: list[Diagnostic]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(one.severity != "error" for one in self.diagnostics)


def load(
    config: str,
    variables: Mapping[str, object] | None = None,
    *,
    filename: str = "pipeline.hcl",
    now: datetime,
    fetched: Mapping[str, Fetched] | None = None,
    max_bytes: int = MAX_FILE,
    allow_missing_variables: bool = False,
    processor_time: Callable[[], float] = time.thread_time,
) -> Loaded:
    """Parse, check, evaluate and expand a pipeline file. Never raises on bad input; safe on any thread.

    Args:
        config: The text of the file.
        variables: Values of variables by name, as they come from JSON; None as a value is as good as none.
        filename: Shown in diagnostics.
        now: What `timestamp()` says.
        fetched: What the `web_sources.addresses` of the file hold.
        max_bytes: Longer files are refused unread.
        allow_missing_variables: Accept variables that have neither value nor default, for checking a file alone.
        processor_time: Seconds that a processor has worked for the calling thread; reading may take a few of them.
    """
    report = Report(filename)
    if len(config.encode("utf-8", "surrogatepass")) > max_bytes:
        report.error(None, "The file is too large", f"It may have at most {max_bytes:,} bytes.")
        return Loaded(None, report.diagnostics())
    budget = Budget(report, processor_time)
    body, found = hcl.parse(config, filename)
    masks, spec = Masks(), None
    with suppress(ReadingStoppedError):
        report.extend(found)
        if body.items or not report.failed:
            body, sources = insert(body, fetched or {}, report)
            loading = _Loading(body, sources, report, budget, masks)
            spec = loading.run(variables or {}, now, allow_missing=allow_missing_variables)
    return Loaded(None if report.failed else spec, report.diagnostics(masks.hide if masks.all() else str))


def load_or_raise(
    config: str,
    variables: Mapping[str, object] | None = None,
    *,
    filename: str = "pipeline.hcl",
    now: datetime,
    fetched: Mapping[str, Fetched] | None = None,
) -> tuple[PipelineSpec, list[Diagnostic]]:
    """The pipeline of a file with the warnings about it, or InvalidPipelineError with every finding."""
    loaded = load(config, variables, filename=filename, now=now, fetched=fetched)
    if loaded.spec is None:
        errors = [one for one in loaded.diagnostics if one.severity == "error"]
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise InvalidPipelineError(f"the pipeline has {count}", loaded.diagnostics)
    return loaded.spec, loaded.diagnostics


class _Loading:
    """The work on one file."""

    def __init__(self, body: Body, sources: list[FetchedSource], report: Report, budget: Budget, masks: Masks) -> None:
        self._body = body
        self._sources = sources
        self._report = report
        self._budget = budget
        self._masks = masks
        self._declared = Declared(body, report)

    def run(self, given: Mapping[str, object], now: datetime, *, allow_missing: bool) -> PipelineSpec | None:
        """Check and build everything; what is wrong is in the report. Raises ReadingStoppedError.

        None where some variable has no value, so that there is nothing that could run.
        """
        declared = self._declared.blocks("variable")
        functions = hcl.standard_functions(lambda: now)
        own = Locals(self._body.blocks_of("locals"), self._report)
        names = NameCheck(declared, own.declared, functions, self._report)
        secret_types = self._declared.blocks("secret_type")
        variables = Variables(declared, secret_types, given, own.declared, allow_missing=allow_missing)
        Structure(self._declared, names, self._report).check(self._body)
        named: dict[str, Named] = {"var": variables, "local": own}
        scope = Scope(named, functions, names, self._report, self._budget, self._masks)
        variables.resolve(scope)
        own.resolve(scope)
        spec = self._build(scope, variables.backed)
        return None if variables.unknown else spec

    def _build(self, scope: Scope, backed: Mapping[str, str]) -> PipelineSpec:
        nodes, env = self._top(scope), self._env(scope)
        runners = Runners(by_name(nodes, "runner_type"), self._report, self._masks)
        resources = Resources(by_name(nodes, "resource_type"), runners, self._report, self._masks)
        types = TypeChecks(runners, self._report)
        for node in nodes:
            if node.type == "resource":
                resources.add(node)
            elif node.type in _COMMAND_TYPES:
                types.declare(node)
        secrets = SecretStores(types, self._report, self._masks).secrets(nodes, backed)
        jobs = self._declared.blocks("job")
        notifications = Notifications(types, self._report, self._masks)
        for node in nodes:
            if node.type == "notification":
                notifications.add(node)
        steps = Steps(resources, runners, types, self._report, self._masks, notifications=notifications)
        built = build_jobs(jobs, steps, scope)
        return PipelineSpec(
            jobs=passed.resolve(built, list(jobs), resources.resources, self._budget, self._report),
            resources=list(resources.resources.values()),
            resource_types=list(resources.types.values()),
            runner_types=list(runners.declared.values()),
            service_types=list(steps.services.types.values()),
            masks=self._masks.all(),
            env=env,
            notification_types=notifications.types(),
            notifications=notifications.resolved(built, jobs, self._budget),
            secrets=secrets,
            sources=self._sources,
            webhook_secrets=resources.webhook_secrets,
        )

    def _env(self, scope: Scope) -> dict[str, str]:
        attribute = self._body.attribute("env")
        return {} if attribute is None else read_value(attribute, PIPELINE.by_name["env"], scope) or {}

    def _top(self, scope: Scope) -> list[Node]:
        """Every top-level block but jobs and locals, evaluated; variables for their other arguments only."""
        nodes = []
        for block in self._body.blocks:
            schema = LANGUAGE.get(PIPELINE.children.get(block.type, ""))
            if schema is not None and block.type not in ("job", "locals") and len(block.labels) == len(schema.labels):
                nodes.append(read(block, schema, scope))
        return nodes
