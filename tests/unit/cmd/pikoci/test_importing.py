"""What the program's imports are spared."""

import gc
import importlib
import subprocess
import sys

import pytest

from pikoci.importing import quick_imports

PROGRAM = """
import sys
from pikoci.importing import quick_imports
with quick_imports():
    import httpx, structlog
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "rich"))
import rich
"""


def test_libraries_do_not_import_rich_and_others_may() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_nothing_is_collected_meanwhile_and_what_was_imported_is_not_looked_at_later() -> None:
    frozen = gc.get_freeze_count()
    kept: list[list[object]] = []
    with quick_imports():
        kept += [[] for _ in range(100)]
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + 100


def test_collections_go_on_after_a_failed_import() -> None:
    with pytest.raises(ModuleNotFoundError), quick_imports():
        importlib.import_module("no_such_module")
    assert gc.isenabled()


def test_who_does_without_collections_goes_on_without() -> None:
    gc.disable()
    try:
        with quick_imports(), quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
