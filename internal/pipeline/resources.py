"""Builds resource types and resources."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BuiltinResourceType
from pikoci.internal.domain.plan import Command, Json, Resource, ResourceType
from pikoci.internal.domain.schedule import ZONE_STARTS, InvalidScheduleError, parse_zone
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.commands import Runners
from pikoci.internal.pipeline.git_params import check_git
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.runner_blocks import warn_of_runner
from pikoci.internal.pipeline.sentences import sentence
from pikoci.internal.pipeline.sources import builtin_name
from pikoci.internal.pipeline.storage_checks import check_storage
from pikoci.pkg.hcl.values import Deferred

_COMMANDS = ("check", "pull", "push")


class Resources:
    """The resource types of a file, declared and built in, and its resources by canonical name."""

    def __init__(self, types: Mapping[str, Node], runners: Runners, report: Report, masks: Masks) -> None:
        self._runners = runners
        self._report = report
        self._masks = masks
        self._open: set[str] = set()  # types that do not say which params they take
        self.types: dict[str, ResourceType] = {}
        self.resources: dict[str, Resource] = {}
        self.webhook_secrets: dict[str, str] = {}
        for name, node in types.items():
            self._declare(name, node)

    def type_of(self, name: str) -> ResourceType:
        """The type of that name; a built-in one becomes part of the pipeline when it is asked for."""
        if name not in self.types:
            builtin = BUILTIN_RESOURCE_TYPES.get(name)
            if builtin is None:  # an unknown name, reported where labels are checked
                self._open.add(name)
                return ResourceType(name=name)
            self.types[name] = _builtin_type(name, builtin, None)
        return self.types[name]

    def builtin_of(self, name: str) -> BuiltinResourceType | None:
        """The built-in type behind a type's name, or None for one made of commands."""
        return BUILTIN_RESOURCE_TYPES.get(self.type_of(name).builtin)

    def add(self, node: Node) -> None:
        """Build a resource."""
        kind, name = node.labels
        wanted, builtin = self.type_of(kind), self.builtin_of(kind)
        given = self.step_params(kind, node.only("params"), None)
        if builtin is not None:
            given = params.check(
                node.only("params"), builtin.params, kind, self._report, self._masks, header=node.block.range
            )
            given = {name: value for name, value in given.items() if value != ""}  # `token = var.token`, by default ""
            self._mask_password(given.get("url"))
            if builtin.name == "git":
                check_git(node.only("params"), self._report)
            check_storage(builtin.name, node, given, self._report)
        interval = self._interval(node, wanted, builtin)
        if builtin is not None and builtin.name == "cron" and "timezone" in given:
            interval = self._in_zone(interval, str(given.pop("timezone")), node)
        cache = node.get("cache")
        resource = Resource(
            type=kind,
            name=name,
            params=given,
            check_interval=interval,
            cache=wanted.cache if cache is None else cache,
            tags=node.get("tags"),
        )
        self.resources[resource.canonical] = resource
        self._keep_secret(resource, node)

    def step_params(self, kind: str, node: Node | None, builtin: BuiltinResourceType | None) -> dict[str, Json]:
        """The params of a resource or get of type `kind`."""
        if builtin is not None:
            return params.check(node, builtin.get_params, f"a get of {kind}", self._report, self._masks)
        wanted = self.type_of(kind)
        if node is not None and not wanted.builtin and kind not in self._open:
            for name in node.free:
                if name not in wanted.params:
                    where = node.attributes[name].name_range
                    self._report.error(
                        where, f'Unknown param "{name}" of {kind}', hint=self._report.similar(name, wanted.params)
                    )
        return params.plain(node)

    def _keep_secret(self, resource: Resource, node: Node) -> None:
        secret: str = node.values.get("webhook_secret", "")
        if secret:
            self._masks.add(secret)
            self.webhook_secrets[resource.canonical] = secret
        elif "webhook_secret" in node.values:
            self._report.warning(
                node.where("webhook_secret"),
                "The webhook_secret is empty",
                "Whoever knows the webhook's address can have the resource checked.",
                "give it a value, or take it out",
            )

    def _interval(self, node: Node, kind: ResourceType, builtin: BuiltinResourceType | None) -> str:
        interval: str = node.values.get("check_interval", "")
        reason = ""
        if builtin is not None and not builtin.scheduled:
            reason = f"A resource of type {kind.name} makes versions only when somebody asks for one."
        elif builtin is None and kind.check is None and kind.name in self.types:
            reason = f'The resource_type "{kind.name}" has no check command.'
        if interval and reason:
            where = node.where("check_interval")
            self._report.warning(where, f"The check_interval of {kind.name} has no effect", reason)
            return ""
        if builtin is not None and builtin.name == "cron" and not interval:
            self._report.warning(
                node.block.range,
                "A cron without check_interval",
                "It ticks at the server's default interval.",
                'write check_interval = "@every 10m"',
            )
        return interval

    def _in_zone(self, interval: str, zone: str, node: Node) -> str:
        """The interval of a cron in the time zone that its params name."""
        params_node = node.only("params")
        assert params_node is not None
        where = params_node.where("timezone")
        secret = params_node.free["timezone"]
        if isinstance(secret, Deferred):
            self._report.error(where, 'Wrong value for "timezone"', sentence(secret.misuse()))
            return interval
        try:
            parse_zone(zone)
        except InvalidScheduleError as error:
            self._report.error(where, 'Wrong value for "timezone"', sentence(error.message), error.hint)
            return interval
        if interval.startswith(ZONE_STARTS):
            self._report.error(where, "Two time zones", "The check_interval names one, too.", "take one of them out")
        elif not interval or interval.startswith("@every"):
            self._report.warning(where, "The time zone has no effect", "The check_interval names no time of the day.")
        else:
            return f"{ZONE_STARTS[0]}{zone} {interval}"
        return interval

    def _declare(self, name: str, node: Node) -> None:
        commands = {child.type: child for child in node.children if child.type in _COMMANDS}
        source = node.values.get("source")
        if source is not None:
            self._declare_sourced(name, node, commands, source)
            return
        if "params" not in node.values:
            self._open.add(name)
        around = node.only("runner")
        built = {kind: self._command(child, around) for kind, child in commands.items()}
        self.types[name] = ResourceType(
            name=name,
            params=node.values.get("params", []),
            cache=bool(node.get("cache")),
            check=built.get("check"),
            pull=built.get("pull"),
            push=built.get("push"),
        )

    def _declare_sourced(self, name: str, node: Node, commands: Mapping[str, Node], source: str) -> None:
        for kind, child in commands.items():
            self._report.error(
                child.block.type_range,
                f'Both "source" and "{kind}"',
                "A source brings its own commands.",
                "take one of them out",
            )
        warn_of_runner(node, self._report)
        builtin = builtin_name(source, "resource_type", node.where("source"), self._report)
        if builtin is None:
            self._open.add(name)
            self.types[name] = ResourceType(name=name)
        else:
            self.types[name] = _builtin_type(name, BUILTIN_RESOURCE_TYPES[builtin], node.get("cache"))

    def _command(self, node: Node, around: Node | None) -> Command | None:
        # `push "exec" { }` is how pipelines say that there is nothing to do.
        return self._runners.command(node, around) if node.block.body.items else None

    def _mask_password(self, url: Json) -> None:
        if isinstance(url, str) and "@" in url:
            try:
                password = urlsplit(url).password or ""
            except ValueError:
                return  # no URL that anything could take a password from
            self._masks.add([password, unquote(password)])


def _builtin_type(name: str, builtin: BuiltinResourceType, cache: bool | None) -> ResourceType:
    return ResourceType(
        name=name,
        builtin=builtin.name,
        params=[param.name for param in builtin.params],
        cache=builtin.cache if cache is None else cache,
    )
