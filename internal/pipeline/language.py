"""The whole pipeline language, block by block: one table that checks files and writes the reference."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.language_job import ENV, JOB_BLOCKS
from pikoci.internal.pipeline.schema import AttributeSchema as Attribute
from pikoci.internal.pipeline.schema import BlockSchema as Block
from pikoci.internal.pipeline.webhooks import WEBHOOK_SECRET

_PARAMS_FREE = "params by name, of any value"
_RUNNER_PARAMS = "the params of the runner"

_SOURCE = Attribute(
    "source", kinds.STRING, "Where the definition comes from, in place of commands: `pikoci://<name>` or `https://…`."
)
_SHA256 = Attribute("source_sha256", kinds.STRING, "The digest that what is fetched must have, in hexadecimal digits.")
_PARAMS = Attribute("params", kinds.STRINGS, "Names of the params that it takes; any, if not given.")


def _command(key: str, description: str, *attributes: Attribute, required: bool = False) -> Block:
    return Block(
        key,
        description,
        labels=("runner",),
        refers="runner",
        free=_RUNNER_PARAMS,
        single=True,
        required=required,
        attributes=attributes,
    )


def _override(parent: str) -> Block:
    return Block(
        f"{parent}.runner",
        "The runner for all commands of the type, which must be exec commands, in place of exec.",
        labels=("runner",),
        refers="runner",
        free=f"{_RUNNER_PARAMS}, but for the command itself",
        single=True,
    )


_VARIABLE = (
    Block(
        "variable",
        "A value that is given when the pipeline is set; `var.<name>` everywhere.",
        labels=("name",),
        declares="variable",
        attributes=(
            Attribute("type", kinds.TYPE, "`string`, `number`, `bool`, `any`, `list(...)`, `set(...)` or `map(...)`."),
            Attribute("default", kinds.RAW, "The value if none is given; it may refer to other variables."),
            Attribute("description", kinds.STRING, "For people."),
            Attribute("sensitive", kinds.BOOL, "Mask the value in logs, plans and answers.", default=False),
        ),
        blocks=("variable.secret",),
    ),
    Block(
        "variable.secret",
        "Read the value from a secret store, on the worker, at each use.",
        labels=("secret_type",),
        refers="secret_type",
        single=True,
        attributes=(
            Attribute("path", kinds.TEXT, "Which secret; what it looks like depends on the store."),
            Attribute(
                "key",
                kinds.TEXT,
                "Which key of the secret; of `pikoci`, the server's own store, the name of the entry.",
                required=True,
            ),
        ),
    ),
)

_LOCALS = Block(
    "locals",
    "Named values; `local.<name>` everywhere but in variables. A file may have several such blocks.",
    free="values by name; they may use variables, and one another in any order",
)

_RESOURCE = (
    Block(
        "resource_type",
        "How to check, pull and push a kind of resource.",
        labels=("name",),
        declares="resource_type",
        attributes=(
            _SOURCE,
            _SHA256,
            _PARAMS,
            Attribute("cache", kinds.BOOL, "Give check and pull a directory that is kept, `$CACHE_DIR`."),
        ),
        blocks=("resource_type.runner", "resource_type.check", "resource_type.pull", "resource_type.push"),
    ),
    _override("resource_type"),
    _command("resource_type.check", "Find versions: prints a JSON array of objects, oldest first."),
    _command("resource_type.pull", "Fetch the version `$version_*` into the work directory."),
    _command(
        "resource_type.push", "Publish; prints the new version on its last line, a JSON object or an array of them."
    ),
    Block(
        "resource",
        "A thing with versions that jobs get and put. Its canonical name is `type.name`.",
        labels=("type", "name"),
        declares="resource",
        attributes=(
            Attribute("check_interval", kinds.INTERVAL, "When to check: `@every 1m`, `@hourly`, or five cron fields."),
            Attribute("cache", kinds.BOOL, "Keep a cache directory, or not; the type decides if not given."),
            Attribute("tags", kinds.TAGS, "Only workers with all of these tags check it.", default=[]),
            Attribute("webhook_secret", WEBHOOK_SECRET, "What forges sign the events with that they post; masked."),
        ),
        blocks=("resource.params",),
    ),
    Block("resource.params", "The params of the resource.", free=_PARAMS_FREE, single=True),
)

_RUNNER = (
    Block(
        "runner_type",
        "A template for running a command.",
        labels=("name",),
        declares="runner",
        attributes=(_SOURCE, _SHA256),
        blocks=("runner_type.run",),
    ),
    Block(
        "runner_type.run",
        "The command; `$WORKDIR`, `$<param>`, `$args` and `$env` are filled in.",
        single=True,
        attributes=(
            Attribute("path", kinds.STRING, "The program.", required=True),
            Attribute("args", kinds.STRINGS, "Its arguments.", default=[]),
        ),
    ),
)

_SECRET = (
    Block(
        "secret_type",
        "A secret store that variables can read from.",
        labels=("name",),
        declares="secret_type",
        attributes=(_SOURCE, _SHA256, _PARAMS),
        blocks=("secret_type.runner", "secret_type.get"),
        free="configuration of the store by name",
    ),
    _override("secret_type"),
    _command("secret_type.get", "Read a secret: prints one JSON object on its last line."),
)

_SERVICE = (
    Block(
        "service_type",
        "Something that runs beside a job's steps, such as a database.",
        labels=("name",),
        declares="service_type",
        attributes=(_SOURCE, _SHA256, _PARAMS),
        blocks=("service_type.runner", "service_type.start", "service_type.ready_check", "service_type.stop"),
    ),
    _override("service_type"),
    _command(
        "service_type.start",
        "Start it, and end; what it leaves behind runs on until the stop.",
        Attribute("foreground", kinds.BOOL, "The command is the service itself, and does not end.", default=False),
    ),
    _command(
        "service_type.ready_check",
        "Repeated until it succeeds; only then the steps begin.",
        Attribute("interval", kinds.DURATION, "Time between two tries, 100 ms or more.", default=1.0),
        Attribute("timeout", kinds.DURATION, "How long to try.", default=60.0),
    ),
    _command("service_type.stop", "Stop it; always runs. One that stays in the foreground needs none."),
)

_NOTIFICATION = (
    Block(
        "notification_type",
        "How to send a kind of message.",
        labels=("name",),
        declares="notification_type",
        attributes=(_SOURCE, _SHA256, _PARAMS),
        blocks=("notification_type.runner", "notification_type.notify"),
    ),
    _override("notification_type"),
    _command("notification_type.notify", "Send the message `$NOTIFY_MESSAGE`."),
    Block(
        "notification",
        "Where to send messages, and when.",
        labels=("type", "name"),
        declares="notification",
        attributes=(
            Attribute("message", kinds.STRING, "The text; `$BUILD_*` and exports of steps are filled in."),
            Attribute(
                "on",
                kinds.choices("success", "failure", "cancel", "error", "all"),
                "Which ends of a build send it by themselves; none if not given.",
            ),
            Attribute("jobs", kinds.STRINGS, "Only builds of these jobs."),
            Attribute("exclude", kinds.STRINGS, "No builds of these jobs."),
        ),
        blocks=("notification.params",),
    ),
    Block("notification.params", "The params of the notification.", free=_PARAMS_FREE, single=True),
)

#: The top level of a file.
PIPELINE = Block(
    "pipeline",
    "A pipeline file. Blocks may come in any order.",
    attributes=(ENV,),
    blocks=(
        "variable",
        "locals",
        "resource_type",
        "resource",
        "runner_type",
        "secret_type",
        "service_type",
        "notification_type",
        "notification",
        "job",
    ),
)

#: Every block by its key.
LANGUAGE: Mapping[str, Block] = MappingProxyType(
    {
        block.key: block
        for block in (
            PIPELINE,
            *_VARIABLE,
            _LOCALS,
            *_RESOURCE,
            *_RUNNER,
            *_SECRET,
            *_SERVICE,
            *_NOTIFICATION,
            *JOB_BLOCKS,
        )
    }
)
