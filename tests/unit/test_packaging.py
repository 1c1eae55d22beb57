"""What an install puts where."""

import ast
import cmd
import re
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
SOURCES = ROOT / "cmd"


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


def test_the_editable_install_is_one_folder_on_the_path() -> None:
    modules = (pikoci, pikoci.internal.domain, pikoci.pkg.hcl)
    folders = [Path(module.__file__ or "").parent for module in modules]

    assert folders == [SOURCES / "pikoci", SOURCES / "pikoci/internal/domain", SOURCES / "pikoci/pkg/hcl"]
    assert str(SOURCES) in sys.path


@pytest.mark.parametrize("room", ["internal", "pkg"])
def test_a_link_brings_a_room_below_the_command(room: str) -> None:
    assert (SOURCES / "pikoci" / room).readlink() == Path("../..", room)


def test_a_modules_name_is_its_path_below_the_source_root() -> None:
    """So whatever reads files finds a definition: editors, type checkers, linters."""
    ours = re.compile(r"^\s*(?:from|import) (pikoci[\w.]*)", re.MULTILINE)
    files = [path for folder in ("cmd", "internal", "pkg", "tests", "docs") for path in (ROOT / folder).rglob("*.py")]
    named = {name for file in files for name in ours.findall(file.read_text(encoding="utf-8"))}
    places = [(f"{path}.py", f"{path}/__init__.py") for path in (name.replace(".", "/") for name in named)]

    assert [place for place in places if not any((SOURCES / name).is_file() for name in place)] == []


def test_no_module_is_imported_under_a_second_name() -> None:
    second = re.compile(r"^\s*(?:from|import) (?:cmd\.|internal\b|pkg\b)", re.MULTILINE)
    files = [path for folder in ("cmd", "internal", "pkg", "tests", "docs") for path in (ROOT / folder).rglob("*.py")]

    assert [path for path in files if second.search(path.read_text(encoding="utf-8"))] == []


def test_a_copy_without_the_links_is_not_packaged(tmp_path: Path) -> None:
    for name in ("setup.py", "README.md", "requirements", "cmd"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(tmp_path)], check=True)

    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "cmd/pikoci/internal must be a link to ../../internal" in done.stderr


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


def test_a_wheel_holds_every_module_and_data_file_once(wheel: zipfile.ZipFile) -> None:
    wanted = {".py", ".html", ".css", ".js", ".svg", ".hcl", ".sql", ".typed"}
    rooms = {"cmd/pikoci": "pikoci", "internal": "pikoci/internal", "pkg": "pikoci/pkg"}
    ours = {
        f"{target}/{path.relative_to(ROOT / room)}"
        for room, target in rooms.items()
        for path in (ROOT / room).rglob("*")
        if path.suffix in wanted
    }
    assert ours <= set(wheel.namelist())
    assert len(wheel.namelist()) == len(set(wheel.namelist()))


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
