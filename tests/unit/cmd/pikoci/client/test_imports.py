"""Commands start quickly: they read no modules that they can do without."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOWN = "import sys, {modules}; print(*sys.modules)"


@pytest.mark.parametrize(
    ("modules", "spared"),
    [
        ("pikoci.cli", "pikoci.pkg.hcl"),
        ("pikoci.cli, pikoci.client.group", "pikoci.internal.pipeline"),
        ("pikoci.cli, pikoci.client.group", "pikoci.pkg.hcl"),
    ],
)
def test_a_command_starts_without_the_pipeline_language(modules: str, spared: str) -> None:
    shown = SHOWN.format(modules=modules)
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if name.startswith(spared)]
