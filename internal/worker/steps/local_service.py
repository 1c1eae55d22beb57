"""A service that is built into the worker, as a step of a build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pikoci.internal.domain.plan import Command, ReadyCheck, Service, ServiceType
from pikoci.internal.worker.services.builtin import LOCAL_SERVICES
from pikoci.internal.worker.services.model import LocalService, Order, fits
from pikoci.internal.worker.steps.context import BuildContext
from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.steps.service import RunningService
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import exported, text_of
from pikoci.internal.worker.tools.outcome import SUCCESS, Outcome, StepError, errored, failed

_INTERVAL = 0.2
_READY_SECONDS = 120.0
_VERSION_LIMIT = 64 * 1024


def open_service(context: BuildContext, service: Service) -> RunningService:
    """What runs a service of the build."""
    kind = next((one for one in context.assignment.service_types if one.name == service.type), None)
    if kind is None or not kind.builtin:
        return RunningService(context, service, kind or ServiceType(name=service.type))
    make = LOCAL_SERVICES.get(kind.builtin)
    try:
        params = context.secrets.fill(service.params, context.control.plan)
        order = Order(params, context.settings.environment.get("PATH", ""), context.workspace.private_path(".data"))
        if make is None:
            raise StepError(errored(f'this worker does not know the built-in service "{kind.builtin}"'))
        return RunningLocalService(context, service, make(order))
    except StepError as error:
        return AbsentService(context, service, error)


class AbsentService(RunningService):
    """One that this worker cannot run, as its start will say."""

    def __init__(self, context: BuildContext, service: Service, error: StepError) -> None:
        super().__init__(context, service, ServiceType(name=service.type))
        self._error = error

    def start(self, scope: Scope, log: StepLog) -> Outcome:
        """Raise StepError."""
        raise self._error


class RunningLocalService(RunningService):
    """A process of this machine. Its scripts see the service's `env` and variables, and nothing of the build."""

    def __init__(self, context: BuildContext, service: Service, local: LocalService) -> None:
        super().__init__(context, service, _as_type(service.type, local))
        self._local = local
        self._wanted = text_of(service.params.get("version", ""))
        self._own = {**service.env, **local.variables}
        context.masks.extend(local.secrets)  # before any log of this build is opened

    def start(self, scope: Scope, log: StepLog) -> Outcome:
        """Start it if it is of the wanted version. Raises StepError and OSError."""
        fit, version = fits(self._wanted, self._version(scope))
        name = self._local.name
        if not fit:
            hint = "take out the version, or define the service type with commands, such as containers"
            raise StepError(failed(f"this worker has {name} {version}, not {self._wanted}; {hint}"))
        log.note(f"{name} {version} on {self._local.exports['host']}:{self._local.exports['port']}")
        return super().start(scope, log)

    def _version(self, scope: Scope) -> str:
        if isinstance(self._local.version, str):
            return self._local.version
        context, ignored = self._context, Tail(1)
        env = context.base_environment()
        outcome, printed = context.commands.capture(
            self._local.version, env, context.workspace.work, scope.lifetime, ignored.write, _VERSION_LIMIT
        )
        if not outcome.ok:
            raise StepError(outcome)
        return printed.decode("utf-8", "replace")

    def _check(self, command: Command, waiting: Scope) -> Callable[[], tuple[Outcome, bytes]]:
        probe = self._local.probe
        if probe is None:
            return super()._check(command, waiting)
        return lambda: (SUCCESS if probe() else failed("it does not answer"), b"")

    def _line(self, command: Command, scope: Scope) -> tuple[list[str], dict[str, str], Path]:
        """A pipeline may have a runner called shell, too, which has no part in this."""
        script = self._context.workspace.write_private(text_of(command.params["cmd"]), suffix=".sh")
        own = self._context.secrets.fill(self._own, scope.lifetime)
        return ["/bin/sh", "-e", str(script)], {**self._context.base_environment(), **own}, Path()

    def _exports(self, warn: Callable[[str], None]) -> dict[str, str]:
        return exported("SERVICE", self.name, self._local.exports)


def _as_type(name: str, local: LocalService) -> ServiceType:
    check = Command(runner="shell", params={"cmd": local.ready})
    return ServiceType(
        name=name,
        start=Command(runner="shell", params={"cmd": local.script}),
        foreground=True,
        ready_check=ReadyCheck(command=check, interval=_INTERVAL, timeout=_READY_SECONDS),
    )
