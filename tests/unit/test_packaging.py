"""What an install puts where."""

import cmd
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import pikoci
import pikoci.internal.domain
import pikoci.pkg.hcl

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    # A copy, as a build leaves its traces in the tree.
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "requirements", "cmd", "internal", "pkg"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_editable_install_maps_the_rooms() -> None:
    packages = (pikoci, pikoci.internal.domain, pikoci.pkg.hcl)
    folders = [Path(package.__file__ or "").parent for package in packages]
    assert folders == [ROOT / "cmd/pikoci", ROOT / "internal/domain", ROOT / "pkg/hcl"]


def test_the_standard_cmd_module_is_not_shadowed() -> None:
    assert Path(cmd.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_a_wheel_puts_only_pikoci_at_the_top(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"pikoci", f"pikoci-{pikoci.__version__}.dist-info"}


def test_a_wheel_holds_every_module_and_data_file(wheel: zipfile.ZipFile) -> None:
    wanted = {".py", ".html", ".css", ".js", ".svg", ".hcl", ".sql", ".typed"}
    rooms = {"cmd/pikoci": "pikoci", "internal": "pikoci/internal", "pkg": "pikoci/pkg"}
    ours = {
        f"{target}/{path.relative_to(ROOT / room)}"
        for room, target in rooms.items()
        for path in (ROOT / room).rglob("*")
        if path.suffix in wanted
    }
    assert ours <= set(wheel.namelist())


def test_a_wheel_names_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    info = f"pikoci-{pikoci.__version__}.dist-info"
    assert "pikoci = pikoci.__main__:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()


@pytest.mark.parametrize("command", [[sys.executable, "-m", "pikoci"], [str(Path(sys.executable).with_name("pikoci"))]])
def test_both_ways_to_start_the_command_work(command: list[str], tmp_path: Path) -> None:
    shown = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert pikoci.__version__ in shown.stdout


@pytest.mark.parametrize("lock", ["build.txt", "runtime.txt", "dev.txt"])
def test_lock_files_pin_every_package_with_a_hash_and_name_no_registry(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert "://" not in text
