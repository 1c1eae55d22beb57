"""What to do about a service that this machine lacks: skip on a user's machine, fail where it is required."""

import importlib
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest

VARIABLE = "PIKOCI_TEST_REQUIRE"


def is_required(service: str) -> bool:
    """Tell whether `PIKOCI_TEST_REQUIRE` (`all`, or names with commas between) names the service."""
    named = {name.strip() for name in os.environ.get(VARIABLE, "").split(",")}
    return bool(named & {service, "all"})


def missing(service: str, reason: str) -> NoReturn:
    """Skip the test with the reason, or fail it where the service is required."""
    if is_required(service):
        pytest.fail(f"{service} is required ({VARIABLE}={os.environ[VARIABLE]}): {reason}", pytrace=False)
    pytest.skip(f"no {service}: {reason}")


def program(service: str, name: str) -> str:
    """Find a program on PATH, or where Debian keeps servers; without it the test skips or fails."""
    return (
        shutil.which(name)
        or shutil.which(name, path="/usr/sbin")
        or missing(service, f"the program {name} is not on PATH")
    )


def module(service: str) -> ModuleType:
    """Import a module of the same name as the service; without it the test skips or fails."""
    try:
        return importlib.import_module(service)
    except ImportError as error:
        missing(service, f"{error}")
