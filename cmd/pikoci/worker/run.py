"""`pikoci run`: a job on this machine, without a server."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from secrets import token_hex

import click
import gevent

from pikoci import __version__
from pikoci.internal.domain.build import StepStatus
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import InvalidPipelineError, NotFoundError
from pikoci.internal.domain.events import BuildEvent, BuildFinished, LogWritten, StepFinished, StepStarted
from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.domain.plan import JobPlan, PipelineSpec
from pikoci.internal.pipeline import load
from pikoci.internal.worker.local import LocalRun
from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.settings import WorkerSettings, container_environment, inherit_environment
from pikoci.pkg.hcl.suggestions import did_you_mean
from pikoci.shared.build_display import BuildDisplay
from pikoci.shared.diagnostics import render_diagnostics
from pikoci.shared.files import INPUT_FILE, input_option, read_text, shown_name, variable_options
from pikoci.shared.log import configure_logging
from pikoci.shared.options import container_options
from pikoci.shared.server_build import ServerBuild
from pikoci.shared.sources import fetch_for
from pikoci.shared.terminal import is_terminal, shows_colors
from pikoci.worker.approving import require_approval
from pikoci.worker.secret_files import read_secret_files

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_BY_SIGNAL = 128


def _directories(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for pair in pairs:
        name, equals, directory = pair.partition("=")
        if not equals or not name or not directory:
            raise click.BadParameter("write it as TYPE.NAME=DIR, such as git.app=.", ctx, param)
        found[name] = Path(directory)
    return found


@click.command()
@click.option("--pipeline", "-p", "file", type=INPUT_FILE, metavar="FILE", help="The pipeline's file.")
@click.option("--job", "-j", metavar="JOB", help="The job to run.")
@click.option(
    "--from-build",
    metavar="[TEAM/]PIPELINE/JOB[#NUMBER]",
    help="Run the job of a server's build: with its file (unless --pipeline is given), versions, inputs and variables.",
)
@click.option(
    "--url",
    "-u",
    envvar="PIKOCI_URL",
    show_envvar=True,
    default="",
    metavar="URL",
    help="The server of --from-build; that of the last login if not given.",
)
@variable_options
@click.option(
    "--resource",
    "-r",
    "directories",
    multiple=True,
    metavar="TYPE.NAME=DIR",
    callback=_directories,
    help="Directory that stands for a resource: a get copies it, a put does nothing; repeatable.",
)
@click.option(
    "--secrets",
    "-s",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    callback=read_secret_files,
    help="JSON, YAML or .env file with secrets that a server would keep, by name; repeatable, later ones win.",
)
@click.option("--notify", is_flag=True, help="Send notifications; without it they are shown, and not sent.")
@click.option("--approve", is_flag=True, help="Give the approvals that the job asks for; else a terminal is asked.")
@input_option
@click.option(
    "--workdir",
    type=click.Path(exists=True, file_okay=False, writable=True, resolve_path=True, path_type=Path),
    help="Work in a new directory below this one, instead of the system's for temporary files.",
)
@container_options
@click.pass_context
def run(
    ctx: click.Context,
    file: str | None,
    job: str | None,
    from_build: str | None,
    url: str,
    variables: Mapping[str, object],
    directories: Mapping[str, Path],
    inputs: Mapping[str, str],
    secrets: Mapping[str, str],
    workdir: Path | None,
    container_program: str,
    *,
    allow_privileged_containers: bool,
    notify: bool,
    approve: bool,
) -> None:
    """Run one job of a pipeline file on this machine, without a server.

    With --from-build it is the job of a build on a server, with the versions and inputs that the build had, and the
    variables that are not secret: those that are must be given. Needs the role write there, and a login.

    Otherwise a get takes the newest version that its check finds here and now. A put publishes, unless --resource takes
    the resource's place. Notifications are shown, and not sent without --notify. Commands see the few environment
    variables that they would see on a worker.

    Ctrl-C cancels the job: its on_cancel and ensure hooks run. A second one kills what still runs. The exit status is 0
    if the job succeeded or may fail (a warning), 1 if not, 130 after Ctrl-C.

    Example: pikoci run -p pipeline.hcl -j test --resource git.app=.

    Example: pikoci run -p pipeline.hcl -j deploy --input environment=staging --secrets secrets.env --approve

    Example: pikoci run --from-build main/app/test#12 --vars secrets.json
    """
    configure_logging("error")
    if from_build is not None:
        if job is not None:
            raise click.UsageError("--from-build names the job: leave out --job.", ctx)
        build = ctx.obj(from_build, url)
        spec, info = _loaded_build(build, file, variables)
        inputs = {**build.values, **inputs}
    elif file is None or job is None:
        raise click.UsageError("Give --pipeline and --job, or --from-build.", ctx)
    else:
        build, spec = None, _load(read_text(file), shown_name(file), variables)
        info = BuildInfo(id=1, number="1", job=job, pipeline="stdin" if file == "-" else Path(file).stem, team="main")
    require_approval(_require_job(spec, info.job), approved=approve)
    versions = build.inputs if build else {}
    with tempfile.TemporaryDirectory(prefix="pikoci-run-", dir=workdir) as root:
        settings = _settings(Path(root), container_program, privileged=allow_privileged_containers)
        ctx.exit(_run(spec, info, directories, inputs, settings, versions, secrets, notify=notify))


def _run(
    spec: PipelineSpec,
    info: BuildInfo,
    directories: Mapping[str, Path],
    inputs: Mapping[str, object],
    settings: WorkerSettings,
    versions: Mapping[str, dict[str, object]],
    entries: Mapping[str, str],
    *,
    notify: bool,
) -> int:
    """Run the job and show it; gives the exit status."""
    display = BuildDisplay(sys.stdout.buffer, time.time, terminal=is_terminal(), colors=shows_colors())
    shown = _Shown(display, f"Job {info.job}", time.time())
    spawner = Spawner(settings.mark)
    local = LocalRun(
        spec,
        info.job,
        info,
        directories,
        spawner,
        settings,
        SystemClock(),
        Random(),
        shown.take,
        values=inputs,
        versions=versions,
        notify=notify,
        secrets=entries,
    )
    shown.on_broken = local.cancel
    with _cancelled_by_signals(local.cancel, spawner.close, display) as received, display.ticking():
        last = local.run()
    if received:
        return _EXIT_BY_SIGNAL + received[0]
    return 0 if last.status.is_passing else 1


class _Shown:
    """Tells the display what the job does. `on_broken` is told when the output cannot be written."""

    def __init__(self, display: BuildDisplay, title: str, began: float) -> None:
        self._display = display
        self._title = title
        self._began = began
        self._broken = False
        self.on_broken: Callable[[str], None] = lambda _: None

    def take(self, event: BuildEvent) -> None:
        """Show an event."""
        if self._broken:
            return
        try:
            self._show(event)
        except OSError as error:
            self._broken = True
            self.on_broken(f"the output cannot be written: {error.strerror}")

    def _show(self, event: BuildEvent) -> None:
        match event:
            case StepStarted():
                self._display.step_started(
                    event.step,
                    f"{event.kind} {event.name}".strip(),
                    try_number=event.try_number,
                    at=event.at,
                    is_block=event.kind == "in_parallel",
                )
            case LogWritten():
                self._display.log(event.step, event.data)
            case StepFinished(status=StepStatus.SKIPPED):
                self._display.step_skipped(f"{event.kind} {event.name}".strip(), reason=event.reason)
            case StepFinished():
                self._display.step_finished(event.step, event.status.value, reason=event.reason, at=event.at)
            case BuildFinished():
                self._display.build_finished(
                    self._title, event.status.value, reason=event.reason, seconds=event.at - self._began
                )


def _load(text: str, name: str, variables: Mapping[str, object]) -> PipelineSpec:
    """The pipeline of a file; warnings are shown. Raises InvalidPipelineError."""
    loaded = load(text, variables, filename=name, now=datetime.now(UTC), fetched=fetch_for(text))
    if loaded.spec is None:
        raise InvalidPipelineError(f"{name} is not valid", loaded.diagnostics)
    click.echo(render_diagnostics(loaded.diagnostics), nl=False, err=True)
    return loaded.spec


def _loaded_build(
    build: ServerBuild, file: str | None, variables: Mapping[str, object]
) -> tuple[PipelineSpec, BuildInfo]:
    """The pipeline of a server's build, or of a `file` in place of the server's; tells what is not as it was."""
    values = build.complete(variables)
    text, name = (build.config, f"{build.pipeline}.hcl") if file is None else (read_text(file), shown_name(file))
    spec = _load(text, name, values)
    if file is None and build.changed_since:
        click.echo(f"Warning: the pipeline was set again after {build.name}: this is its present file.", err=True)
    plan = spec.job(build.job)
    for get in plan.gets() if plan else ():
        if get.name not in build.inputs:
            click.echo(f'Warning: {build.name} had no version for get "{get.name}": the newest is taken.', err=True)
    info = BuildInfo(id=1, number=build.number, job=build.job, pipeline=build.pipeline, team=build.team)
    return spec, info


def _require_job(spec: PipelineSpec, name: str) -> JobPlan:
    found = spec.job(name)
    if found is None:
        names = [job.name for job in spec.jobs]
        hint = did_you_mean(name, names) or (f"it has {', '.join(names)}" if names else "it has none")
        raise NotFoundError(f'the pipeline has no job "{name}"', hint=hint)
    return found


def _settings(root: Path, container_program: str, *, privileged: bool) -> WorkerSettings:
    return WorkerSettings(
        name="local",
        instance=token_hex(8),
        version=__version__,
        workdir=root,
        spool_dir=root / "spool",
        environment=inherit_environment(os.environ),
        container_program=container_program,
        allow_privileged_containers=privileged,
        container_environment=container_environment(os.environ),
        fs_roots=("/",),  # whatever the user can reach
    )


@contextmanager
def _cancelled_by_signals(
    cancel: Callable[[str], None], kill: Callable[[], None], display: BuildDisplay
) -> Generator[list[int]]:
    """Cancel on the first SIGINT or SIGTERM, kill on the second; gives the signals that came."""
    received: list[int] = []

    def obey(number: signal.Signals) -> None:
        received.append(number)
        cancel(f"cancelled by {number.name}")
        if len(received) == 1:
            display.note(f"{number.name}: cancelling, hooks still run; once more to kill")
        else:
            kill()

    handlers = [gevent.signal_handler(number, obey, number) for number in _SIGNALS]
    try:
        yield received
    finally:
        for handler in handlers:
            handler.cancel()
