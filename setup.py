"""Packaging of PikoCI: Go's folder names on disk, one `pikoci` package when installed.

`cmd` is the one source root. Links in `cmd/pikoci` bring `internal` and `pkg` below `pikoci` for everything that reads
files: installs, type checkers, editors. Nothing but `pikoci` lands at the top of site-packages, and the standard
library's `cmd` module is never shadowed.
"""

import re
import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent

DATA = ["*.html", "*.css", "*.js", "*.svg", "*.hcl", "*.sql", "py.typed"]


def packages() -> list[str]:
    """Name every package: folders below the source root with an `__init__.py`.

    Raises SystemExit in a copy of the tree that lost its links.
    """
    found = find_packages(str(ROOT / "cmd"))
    for name in ("internal", "pkg"):
        if f"pikoci.{name}" not in found:
            raise SystemExit(f"cmd/pikoci/{name} must be a link to ../../{name}; check out the tree with its links")
    return found


def version() -> str:
    """Read the version from its one source, without importing the package.

    Raises SystemExit when the line is missing.
    """
    source = (ROOT / "cmd/pikoci/__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if match is None:
        raise SystemExit('cmd/pikoci/__init__.py: no line __version__ = "..."')
    return match[1]


def python_requires() -> str:
    """Tell pip what `pikoci.interpreter` tells everybody else."""
    told = runpy.run_path(str(ROOT / "cmd/pikoci/interpreter.py"))
    oldest, too_new = (".".join(map(str, told[name])) for name in ("OLDEST", "TOO_NEW"))
    return f">={oldest},<{too_new}"


def requirements(name: str) -> list[str]:
    """List the direct requirements of `requirements/<name>.in`, without comments and includes."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    wanted = (line.split("#")[0].strip() for line in lines)
    return [line for line in wanted if line and not line.startswith("-")]


setup(
    name="pikoci",
    version=version(),
    description="A small continuous integration system: one program, three roles, pipelines in HCL",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=python_requires(),
    package_dir={"": "cmd"},
    packages=packages(),
    package_data={"": [*DATA, *(f"**/{pattern}" for pattern in DATA)]},
    classifiers=["Operating System :: POSIX :: Linux", "Programming Language :: Python :: 3.11"],
    install_requires=requirements("runtime"),
    extras_require={"dev": requirements("dev")},
    entry_points={"console_scripts": ["pikoci = pikoci.__main__:main"]},
    zip_safe=False,
)
