"""Resource types that a pipeline defines by commands."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from pikoci.internal.domain.plan import Command
from pikoci.internal.worker.resources.model import ResourceCall, Version, require
from pikoci.internal.worker.resources.versions import parse_last_line, parse_versions
from pikoci.internal.worker.tools.caches import in_use
from pikoci.internal.worker.tools.commands import Sink, Tail
from pikoci.internal.worker.tools.environment import parameters, prefixed
from pikoci.internal.worker.tools.outcome import Outcome, StepError, failed

_LAST_LINE_LIMIT = 1024 * 1024
_STDERR_EXCERPT = 500


class CustomType:
    """Runs the `check`, `pull` and `push` commands of a `resource_type` block."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """Run `check` with `version_*` of the previous version, if there is one, and read what it prints."""
        if call.type.check is None:
            return []
        stderr = Tail(_STDERR_EXCERPT)
        variables = prefixed("version", previous or {})
        limit = call.settings.check_output_limit
        with _prepared(call, call.type.check, variables) as (argv, env):
            outcome, output = call.commands.capture(argv, env, call.workspace.work, call.lifetime, stderr.write, limit)
        require(outcome, "the check failed", stderr)
        return parse_versions(output, call.settings.check_versions_limit)

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Run `pull` with `version_*` in the work directory; a type without one has nothing to fetch."""
        if call.type.pull is not None:
            require(_run(call, call.type.pull, prefixed("version", version), call.on_output), "the pull failed")

    def push(self, call: ResourceCall) -> list[Version]:
        """Run `push` with `put_*`; a JSON object on its last line, or an array of them, are the new versions."""
        if call.type.push is None:
            raise StepError(failed(f'the resource type "{call.type.name}" has no push command'))
        last = Tail(_LAST_LINE_LIMIT)

        def show_and_keep(data: bytes) -> None:
            call.on_output(data)
            last.write(data)

        variables = parameters("put", call.put_params)
        require(_run(call, call.type.push, variables, show_and_keep), "the push failed")
        versions = parse_last_line(last.data)
        if versions is None:
            start = "" if last.data.endswith(b"\n") else "\n"
            call.note(f"{start}the last line that the push printed is no version: no JSON object, nor an array of them")
        limit = call.settings.check_versions_limit
        if versions and len(versions) > limit:
            raise StepError(failed(f"the push printed {len(versions)} versions; at most {limit} are allowed"))
        return versions or []


def _run(call: ResourceCall, command: Command, variables: dict[str, str], stdout: Sink) -> Outcome:
    stderr = None if stdout is call.on_output else call.on_output
    with _prepared(call, command, variables) as (argv, env):
        return call.commands.run(argv, env, call.workspace.work, call.lifetime, stdout, stderr)


@contextmanager
def _prepared(
    call: ResourceCall, command: Command, variables: dict[str, str]
) -> Generator[tuple[list[str], dict[str, str]]]:
    """What to run and its environment; the cache, if there is one, is in use meanwhile."""
    own = parameters("param", call.params) | variables
    with ExitStack() as held:
        if call.resource.cache:
            cache = held.enter_context(in_use(call.cache_dir, call.lifetime, alone=False, user=call.user))
            own["CACHE_DIR"] = str(cache)
        visible = {**call.visible, **call.command_lines.parameters(command), **own}
        yield call.command_lines.argv(command, visible), {**call.environment, **visible}
