"""A worker that is not root: without any rights, and with those by which it runs commands as other users."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[4]
MODULES = [HERE / name for name in ("test_faults.py", "test_leftovers.py", "test_stop.py", "test_users.py")]
CAPABILITIES = ",".join(
    f"+{name}" for name in ("chown", "dac_override", "fowner", "kill", "setgid", "setuid", "sys_admin")
)

WORKER = """
from pikoci.secrecy import close_to_others
close_to_others()
from pikoci.cooperative import make_cooperative
make_cooperative()
import os, sys
from pikoci.internal.worker.process import Invocation, Spawner
spawner = Spawner("test-closed")
spawner.start()
script = '''
    cat /proc/self/environ | tr '\\\\0' '\\n' | grep OWN
    for pid in $PPID $ZYGOTE $WORKER; do
        for file in environ maps mem cwd/. fd/0; do cat /proc/$pid/$file && echo read; done
        ls /proc/$pid/fd && echo listed
    done
    true
'''
env = {"PATH": "/usr/bin:/bin", "OWN": "1", "ZYGOTE": str(spawner._zygote.pid), "WORKER": str(os.getpid())}
command = Invocation(["sh", "-c", script], "/", env)
print(spawner.run(command, sys.stdout.buffer.write, on_stderr=lambda _: None).describe())
spawner.close()
"""


@pytest.fixture
def somebody() -> int:
    """A user who is nobody else on this machine."""
    return 400_000 + os.getpid() % 100_000


@pytest.fixture
def folder(somebody: int) -> Generator[Path]:
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-"))
    os.chown(path, somebody, somebody)
    yield path
    shutil.rmtree(path)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("capabilities", ["", CAPABILITIES])
def test_processes_start_and_end_as_well_where_the_worker_is_not_root(
    somebody: int, folder: Path, capabilities: str
) -> None:
    rights = ["--inh-caps", capabilities, "--ambient-caps", capabilities] if capabilities else []
    become = ["setpriv", "--reuid", str(somebody), "--regid", str(somebody), "--clear-groups", *rights]
    # Who is not root cannot open the descriptors of another user's process, as two tests with a stranger do.
    options = [
        "-q",
        "-k",
        "not stranger",
        "-o",
        f"cache_dir={folder}/cache",
        "--basetemp",
        f"{folder}/tests",
        "-p",
        "no:xdist",
    ]
    done = subprocess.run(
        [*become, sys.executable, "-B", "-m", "pytest", *options, *map(str, MODULES)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_command_cannot_look_into_what_started_it_although_it_is_the_same_user(somebody: int) -> None:
    become = ["setpriv", "--reuid", str(somebody), "--regid", str(somebody), "--clear-groups"]
    command = [*become, sys.executable, "-B", "-c", WORKER]
    done = subprocess.run(
        command, cwd="/", env={"SECRET": "1"}, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    assert done.stdout in {"exit status 0\nOWN=1\n", "OWN=1\nexit status 0\n"}
