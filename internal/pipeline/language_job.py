"""The part of the language inside a `job`: settings, steps and hooks."""

from __future__ import annotations

from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.cache_paths import CACHES
from pikoci.internal.pipeline.schema import AttributeSchema as Attribute
from pikoci.internal.pipeline.schema import BlockSchema as Block

#: The hooks, by type.
HOOKS = ("on_success", "on_failure", "on_cancel", "ensure")

_HOOK_KEYS = tuple(f"hook.{hook}" for hook in HOOKS)
_IN_PARALLEL_STEPS = ("step.get", "step.task", "step.put", "step.notify")
_CONDITIONS = ("step.if", "step.else_if", "step.else")
_STEPS = (*_IN_PARALLEL_STEPS, "step.service", "step.in_parallel", *_CONDITIONS)
ENV = Attribute("env", kinds.ENV, "Environment variables of its commands; the inner one wins.", default={})
_STEP_ATTRIBUTES = (
    ENV,
    Attribute("timeout", kinds.DURATION, "Longest run of one attempt; no limit if not given.", default=0.0),
    Attribute("attempts", kinds.POSITIVE, "How often to try.", default=1),
)
_CONDITION = Attribute(
    "condition",
    kinds.RAW,
    "A bool, decided when the pipeline is set; or a text such as `$TASK_A_B == 'x'`, decided while the build runs.",
    required=True,
)
_PARAMS_FREE = "params by name, of any value"

_JOB = (
    Block(
        "job",
        "A plan of steps. Each run of it is a build.",
        labels=("name",),
        declares="job",
        attributes=(
            ENV,
            Attribute("concurrency", kinds.COUNT, "Most builds at a time; 0 means no limit.", default=0),
            Attribute("timeout", kinds.DURATION, "Longest run of the whole plan; no limit if not given.", default=0.0),
            Attribute("tags", kinds.TAGS, "Only workers with all of these tags run it.", default=[]),
            Attribute("serial_groups", kinds.NAMES, "Of all jobs of a group, one runs at a time.", default=[]),
            Attribute("priority", kinds.PRIORITY, "Its builds go before those of less, in this pipeline.", default=0),
            Attribute("for_each", kinds.COLLECTION, "One job for each element; see `each.key` and `each.value`."),
            Attribute("interruptible", kinds.BOOL, "A newer build that waits cancels the older ones.", default=False),
            Attribute(
                "allow_failure",
                kinds.BOOL,
                "A failed build is a warning, and its versions pass the job.",
                default=False,
            ),
            Attribute("requeue_on_worker_loss", kinds.BOOL, "Run again if the worker is lost.", default=True),
            Attribute("disable_retry", kinds.BOOL, "Refuse to retry builds.", default=False),
        ),
        blocks=("job.matrix", "job.input", "job.approve", "job.on_trigger", *_STEPS, *_HOOK_KEYS),
    ),
    Block("job.matrix", "One job for each combination of the axes.", free="an axis by name, a list", single=True),
    Block(
        "job.input",
        "A value that is asked for when the job is started by hand; its commands see it as `INPUT_<NAME>`.",
        labels=("name",),
        attributes=(
            Attribute("type", kinds.TYPE, "`string` (also if not given), `number`, `bool` or `list(string)`."),
            Attribute("description", kinds.STRING, "For people."),
            Attribute("default", kinds.RAW, "The value if none is given."),
            Attribute("choices", kinds.STRINGS, "The values to choose from; of a list, those of its elements."),
            Attribute("options", kinds.STRINGS, "Another name for `choices`."),
            Attribute("required", kinds.BOOL, "Whether it must have a value that is not empty.", default=False),
        ),
    ),
    Block(
        "job.on_trigger",
        "Messages about a new version, which its first build sends before all else; others send none that is equal.",
        single=True,
        blocks=("step.notify",),
    ),
    Block(
        "job.approve",
        "Builds wait until people approve. Of several, each must have its approvals.",
        labels=("label",),
        attributes=(
            Attribute("approvals", kinds.POSITIVE, "How many people must approve.", default=1),
            Attribute(
                "timeout", kinds.DURATION, "Longest wait, then the build fails; no limit if not given.", default=0.0
            ),
        ),
        blocks=("approve.notify",),
    ),
    Block(
        "approve.notify",
        "Send a message when a build begins to wait.",
        labels=("type", "name"),
        refers="notification",
        attributes=(Attribute("message", kinds.STRING, "The text."),),
        free="values by name for the notification",
    ),
)

_RUN_STEPS = (
    Block(
        "step.get",
        "Fetch a version of a resource.",
        labels=("type", "name"),
        refers="resource",
        attributes=(
            Attribute("trigger", kinds.BOOL, "A new version starts a build.", default=False),
            Attribute("passed", kinds.NAMES, "Only versions that went through all of these jobs.", default=[]),
            Attribute("version", kinds.choice("latest", "every"), "Only the newest version, or each one."),
            *_STEP_ATTRIBUTES,
        ),
        blocks=("step.params", *_HOOK_KEYS),
    ),
    Block("step.params", "Params for this step.", free=_PARAMS_FREE, single=True),
    Block(
        "step.task",
        "Run a command in the work directory.",
        labels=("name",),
        attributes=(
            Attribute(
                "inputs", kinds.STRINGS, "Files or directories that must be there before it; else it fails.", default=[]
            ),
            Attribute(
                "outputs", kinds.STRINGS, "Files or directories that must be there after it; else it fails.", default=[]
            ),
            Attribute("caches", CACHES, "Directories that the worker keeps for the next build.", default=[]),
            Attribute("cache_on_failure", kinds.BOOL, "Keep them if the build does not succeed, too.", default=False),
            *_STEP_ATTRIBUTES,
        ),
        blocks=("step.run", *_HOOK_KEYS),
    ),
    Block(
        "step.run",
        "The command.",
        labels=("runner",),
        refers="runner",
        free="the params of the runner",
        single=True,
        required=True,
    ),
    Block(
        "step.put",
        "Publish to a resource; what it makes is a new version.",
        labels=("type", "name"),
        refers="resource",
        attributes=_STEP_ATTRIBUTES,
        blocks=("step.params", *_HOOK_KEYS),
        free="params by name, here or in a `params` block",
    ),
)

_OTHER_STEPS = (
    Block(
        "step.notify",
        "Send a message.",
        labels=("type", "name"),
        refers="notification",
        attributes=(Attribute("message", kinds.STRING, "The text, in place of the notification's."), *_STEP_ATTRIBUTES),
        blocks=_HOOK_KEYS,
        free="values by name for the notification",
    ),
    Block(
        "step.service",
        "Run a service beside the steps; it starts before all of them.",
        labels=("type",),
        refers="service_type",
        attributes=(ENV,),
        free="params of the service by name",
    ),
    Block(
        "step.in_parallel",
        "Run steps at the same time. It takes neither services, nor conditions, nor blocks of its own kind.",
        attributes=(
            Attribute("limit", kinds.COUNT, "Most steps at a time; 0 means no limit.", default=0),
            Attribute("fail_fast", kinds.BOOL, "Stop the others when one fails.", default=False),
            *_STEP_ATTRIBUTES,
        ),
        blocks=(*_IN_PARALLEL_STEPS, *_HOOK_KEYS),
    ),
    *(
        Block(
            key,
            description,
            labels=("label",),
            label_optional=True,
            attributes=attributes,
            blocks=_STEPS,
        )
        for key, description, attributes in (
            (
                "step.if",
                "Steps that run if the condition holds. It takes all that a job's plan takes, conditions too.",
                (_CONDITION,),
            ),
            (
                "step.else_if",
                "As `if`, where no condition above holds.",
                (_CONDITION,),
            ),
            ("step.else", "Steps that run where no condition above holds.", ()),
        )
    ),
)

_HOOK_TEXTS = {
    "on_success": "Runs after it succeeded.",
    "on_failure": "Runs after it failed.",
    "on_cancel": "Runs after it was cancelled or, for a job, timed out.",
    "ensure": "Runs in any case, last.",
}

_HOOKS = tuple(
    Block(
        f"hook.{hook}",
        f"{_HOOK_TEXTS[hook]} With a runner as label it is one command; without, it holds steps.",
        labels=("runner",),
        label_optional=True,
        refers="runner",
        attributes=(ENV,),
        blocks=("step.task", "step.put", "step.notify"),
        free="the params of the runner, if it has one",
    )
    for hook in HOOKS
)

#: Every block that stands inside a job, and the job itself.
JOB_BLOCKS = (*_JOB, *_RUN_STEPS, *_OTHER_STEPS, *_HOOKS)
