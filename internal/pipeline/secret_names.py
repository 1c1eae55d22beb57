"""Which variables of a file are secret."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from pikoci.internal.pipeline.declared import Declared
from pikoci.internal.pipeline.limits import Budget
from pikoci.internal.pipeline.locals import Locals
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.names import NameCheck
from pikoci.internal.pipeline.report import ReadingStoppedError, Report
from pikoci.internal.pipeline.scope import Named, Scope
from pikoci.internal.pipeline.variables import Variables
from pikoci.pkg import hcl


def secret_names(config: str, given: Mapping[str, object], now: datetime) -> frozenset[str]:
    """The variables that are sensitive or read from a secret store, and of those `given` the ones not declared.

    Takes its time, safe on any thread. Where it cannot be told of a variable, it counts as secret.
    """
    report, masks = Report("pipeline.hcl"), Masks()
    body, _ = hcl.parse(config, "pipeline.hcl")
    found = Declared(body, report)
    declared = found.blocks("variable")
    functions = hcl.standard_functions(lambda: now)
    own = Locals(body.blocks_of("locals"), report)
    names = NameCheck(declared, own.declared, functions, report)
    variables = Variables(declared, found.blocks("secret_type"), given, own.declared, allow_missing=True)
    named: dict[str, Named] = {"var": variables, "local": own}
    scope = Scope(named, functions, names, report, Budget(report, time.thread_time), masks)
    with suppress(ReadingStoppedError):
        variables.resolve(scope)
    return frozenset(variables.sensitive | {name for name in given if name not in declared})
