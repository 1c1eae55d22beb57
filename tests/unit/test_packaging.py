"""What an install puts where."""

import ast
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
from pikoci import interpreter

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


def test_every_place_promises_the_same_python(wheel: zipfile.ZipFile) -> None:
    oldest, too_new = (".".join(map(str, version)) for version in (interpreter.OLDEST, interpreter.TOO_NEW))
    role = (ROOT / "deploy/ansible/roles/pikoci_install/vars/main.yml").read_text(encoding="utf-8")
    metadata = wheel.read(f"pikoci-{pikoci.__version__}.dist-info/METADATA").decode()

    assert f'\npikoci_install_pythons: ["{oldest}", "{too_new}"]\n' in role
    assert f"\nRequires-Python: >={oldest},<{too_new}\n" in metadata
    for page in ("README.md", "docs/getting-started.md", "docs/fleet.md", "Makefile"):
        assert oldest in (ROOT / page).read_text(encoding="utf-8"), page


def test_the_tests_run_on_a_python_that_is_promised() -> None:
    assert interpreter.refusal(sys.version_info[:3]) == ""


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 13), (3, 11, 1), (3, 12, 0), (3, 13, 0)])
def test_another_python_is_refused_in_one_line(version: tuple[int, ...]) -> None:
    said = interpreter.refusal(version)

    assert ".".join(map(str, version)) in said
    assert "3.11.2 or newer" in said
    assert "\n" not in said


@pytest.mark.parametrize("version", [(3, 11, 2), (3, 11, 7), (3, 11, 99)])
def test_promised_pythons_are_taken(version: tuple[int, ...]) -> None:
    assert interpreter.refusal(version) == ""


def test_an_old_python_can_read_what_refuses_it() -> None:
    ast.parse(Path(interpreter.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_command_refuses_before_it_imports_anything_else(tmp_path: Path) -> None:
    script = (
        "import sys; sys.version_info = (3, 13, 0, 'final', 0)\n"
        "try:\n    import pikoci.__main__\n"
        "finally:\n    assert 'gevent' not in sys.modules\n"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("error: PikoCI needs Python 3.11, 3.11.2 or newer, and this is Python 3.13.0;")
    assert done.stderr.count("\n") == 1


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


def test_the_first_start_says_how_long_it_takes(tmp_path: Path) -> None:
    """Nothing is made here: make tells what it would do."""
    told = subprocess.run(
        ["make", "--dry-run", f"VENV={tmp_path}/new", f"{tmp_path}/new/bin/python"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"Making a Python environment in {tmp_path}/new: half a minute, this once." in told
