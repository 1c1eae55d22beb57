"""A service that is built into the worker, as a step of a build: in a container, or as a process of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gevent

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES, ServiceForm, ServiceParamError, read_form
from pikoci.internal.domain.plan import Command, ReadyCheck, Service, ServiceType
from pikoci.internal.worker.services.builtin import RECIPES
from pikoci.internal.worker.services.model import Order, Program, Recipe, fits
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.service import RunningService
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.container_line import service_line
from pikoci.internal.worker.tools.environment import exported, text_of
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, errored, failed

_INTERVAL = 0.2
_VERSION_LIMIT = 64 * 1024
#: Where its data is in a container, with which it goes.
_DATA_INSIDE = "/tmp/pikoci-data"  # noqa: S108 - nobody else's


def open_service(context: BuildContext, service: Service) -> RunningService:
    """What runs a service of the build."""
    kind = next((one for one in context.assignment.service_types if one.name == service.type), None)
    if kind is None or not kind.builtin:
        return RunningService(context, service, kind or ServiceType(name=service.type))
    try:
        if kind.builtin not in RECIPES:
            raise StepError(errored(f'this worker does not know the built-in service "{kind.builtin}"'))
        form = _form(context, service, kind.builtin)
        workspace = context.workspace
        order = Order(
            form,
            context.settings.environment.get("PATH", ""),
            workspace.held,
            is_root=workspace.user is None and os.geteuid() == 0,
        )
        return RunningBuiltinService(context, service, form, RECIPES[kind.builtin](order))
    except StepError as error:
        return AbsentService(context, service, error)
    except OSError as error:
        return AbsentService(context, service, StepError(errored(f"no port can be had: {error}")))


def _form(context: BuildContext, service: Service, name: str) -> ServiceForm:
    params = context.secrets.fill(service.params, context.control.plan)
    try:
        return read_form(BUILTIN_SERVICES[name], {key: text_of(value) for key, value in params.items()})
    except ServiceParamError as error:
        raise StepError(failed(f"{error.param}: {error}")) from error


class AbsentService(RunningService):
    """One that this worker cannot run, as its start will say."""

    def __init__(self, context: BuildContext, service: Service, error: StepError) -> None:
        super().__init__(context, service, ServiceType(name=service.type))
        self._error = error

    def start(self, scope: Scope, log: StepLog) -> Outcome:
        """Raise StepError."""
        raise self._error


class RunningBuiltinService(RunningService):
    """A server that sees the service's `env` and variables of its own, and nothing of the build."""

    def __init__(self, context: BuildContext, service: Service, form: ServiceForm, recipe: Recipe) -> None:
        super().__init__(context, service, _as_type(service.type, recipe, form.ready_timeout))
        self._form = form
        self._recipe = recipe
        self._data = context.workspace.private_path(".data")
        self._here: Program | None = None
        context.masks.extend(recipe.secrets)  # before any log of this build is opened

    def start(self, scope: Scope, log: StepLog) -> Outcome:
        """Choose where it runs, and start it there. Raises StepError and OSError."""
        self._here, version = self._choose(scope, log)
        what = f"{self._recipe.name} {version}" if self._here else f"{self._form.image}, a container,"
        log.note(f"{what} on {self._recipe.exports['host']}:{self._recipe.exports['port']}")
        return super().start(scope, log)

    def _choose(self, scope: Scope, log: StepLog) -> tuple[Program | None, str]:
        """The program of this machine and its version; None for a container. Raises StepError if there is neither."""
        if self._form.runner == "docker":
            return None, ""
        try:
            return self._find(scope)
        except StepError as error:
            if error.outcome.cause is not None:
                raise
            lacking = error.outcome.reason
        if self._form.runner == "local":
            raise StepError(failed(f"{lacking}; take out runner to have it in a container"))
        try:
            assert self._context.commands.containers is not None
            self._context.commands.containers.find()
        except StepError as error:
            ways = (
                f"install {self._recipe.name}, or podman or docker (see --container-program) to have it in a container"
            )
            raise StepError(failed(f"{lacking}, and no container program either; {ways}")) from error
        log.note(f"{lacking}: it runs in a container")
        return None, ""

    def _find(self, scope: Scope) -> tuple[Program, str]:
        """The program of this machine and its version. Raises StepError if there is none of the wanted version."""
        found = self._recipe.find()
        fit, version = fits(self._form.version, self._version(found, scope))
        if not fit:
            raise StepError(failed(f"this worker has {self._recipe.name} {version}, not {self._form.version}"))
        return found, version

    def _version(self, found: Program, scope: Scope) -> str:
        if isinstance(found.version, str):
            return found.version
        context, ignored = self._context, Tail(1)
        env = context.base_environment()
        outcome, printed = context.commands.capture(
            found.version, env, context.workspace.work, scope.lifetime, ignored.write, _VERSION_LIMIT
        )
        if not outcome.ok:
            reason = f"{found.version[0]} does not tell its version: {outcome.reason}"
            raise StepError(outcome if outcome.cause is not None else failed(reason))
        return printed.decode("utf-8", "replace")

    def _check(self, command: Command, waiting: Scope) -> Callable[[], tuple[Outcome, bytes]]:
        def ask() -> tuple[Outcome, bytes]:
            asking = gevent.spawn(self._recipe.probe)
            waiting.lifetime.on_stop(partial(asking.kill, block=False))
            ready = asking.get() is True  # what is killed gives another value
            return (SUCCESS if ready else failed("it does not answer as it should")), b""

        return ask

    def _line(self, command: Command, scope: Scope) -> tuple[list[str], dict[str, str], Path]:
        """A pipeline may have runners called shell and docker, too, which have no part in this."""
        context, recipe = self._context, self._recipe
        own = context.secrets.fill({**self._service.env, **recipe.variables}, scope.lifetime)
        env = {**context.base_environment(), **own}
        if self._here is not None:
            script = context.workspace.write_private(recipe.script, suffix=".sh")
            env |= {**self._here.variables, "DATA": str(self._data)}
            return ["/bin/sh", "-e", str(script)], env, Path()
        line = service_line(
            {"image": self._form.image, **self._form.options},
            recipe.prelude + recipe.script,
            context.workspace,
            leaves_root=recipe.refuses_root,
        )
        return line, {**env, **recipe.inside, "DATA": _DATA_INSIDE}, Path()

    def _exports(self, warn: Callable[[str], None]) -> dict[str, str]:
        return exported("SERVICE", self.name, self._recipe.exports)


def _as_type(name: str, recipe: Recipe, timeout: float) -> ServiceType:
    """It as a service type, whose commands are never looked at."""
    command = Command(runner="shell", params={"cmd": recipe.script})
    check = ReadyCheck(command=command, interval=_INTERVAL, timeout=timeout)
    return ServiceType(name=name, start=command, foreground=True, ready_check=check)
