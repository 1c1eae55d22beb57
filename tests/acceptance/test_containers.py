"""Container steps of `pikoci run`, and the examples of the documentation."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.acceptance.document import BIN
from tests.acceptance.examples import FOLDER, Row, rows
from tests.services.containers import IMAGE, Containers
from tests.services.server_images import make_image, redis_layer
from tests.unit.docs.markdown import ROOT, blocks
from tests.unit.internal.worker.bench_room import wait_until

RUNNER = FOLDER / "runner-docker.hcl"
ALPINE = "docker.io/library/alpine:3.22"
ENDLESS = f"""
job "j" {{
  task "t" {{
    run "docker" {{
      image   = "{IMAGE}"
      network = "none"
      cmd     = "echo up; sleep 4242"
    }}
  }}
}}
"""

OWN_PODMAN = """
trap 'kill $(cat libpod/tmp/pause.pid)' EXIT
podman import image.tar {image}
{pikoci} run -p p.hcl -j j --workdir .
test -z "$(podman ps --all --quiet)"
"""


@pytest.fixture
def alpine(containers: Containers) -> Generator[None]:
    """The image of the examples is the tests' own here."""
    containers.run("tag", IMAGE, ALPINE)
    yield
    containers.run("untag", ALPINE, ALPINE)


def example(job: str) -> str:
    (text,) = (block.text for block in blocks(ROOT / "docs" / "pipeline.md", "hcl") if f'job "{job}"' in block.text)
    return text


def start(folder: Path, text: str, job: str, containers: Containers, *flags: str) -> subprocess.Popen[str]:
    (folder / "p.hcl").write_text(text)
    return subprocess.Popen(
        [BIN / "pikoci", "run", "-p", folder / "p.hcl", "-j", job, "--workdir", folder, *flags],
        env={**os.environ, **containers.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("job", "said"), [("contained", "in /workdir with 8 is 19 bytes\n"), ("fetch", "of example\n")]
)
@pytest.mark.usefixtures("alpine")
def test_an_example_runs(job: str, said: str, tmp_path: Path, containers: Containers) -> None:
    # The examples have the network of a machine that has one for containers.
    text = re.sub(r"( +)image( *)=", r'\1network = "none"\n\g<0>', example(job).replace('network    = "none"', ""))
    process = start(tmp_path, text, job, containers)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert said in output
    assert containers.all() == []


@pytest.mark.parametrize("row", rows(RUNNER), ids=lambda row: row.job)
@pytest.mark.usefixtures("alpine")
def test_the_example_of_the_runner(row: Row, tmp_path: Path, containers: Containers) -> None:
    process = start(tmp_path, RUNNER.read_text(), row.job, containers, "--allow-privileged-containers")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert all(text in output for text in row.texts), output
    assert containers.all() == []


def test_ctrl_c_removes_the_container(tmp_path: Path, containers: Containers) -> None:
    process = start(tmp_path, ENDLESS, "j", containers)
    wait_until(containers.all)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert containers.all() == []


def test_what_runs_in_a_container_ends_with_a_run_that_is_killed(tmp_path: Path, containers: Containers) -> None:
    process = start(tmp_path, ENDLESS, "j", containers)
    wait_until(_sleepers)
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: not _sleepers())
    containers.run("rm", "--all", "--force", "--time=0")


def test_a_service_in_a_container_ends_with_a_run_that_is_killed(tmp_path: Path, containers: Containers) -> None:
    image = make_image(containers, "localhost/redis:7", redis_layer())
    text = f"""
job "j" {{
  service "redis" {{
    image = "{image}"
  }}
  task "t" {{
    run "shell" {{
      cmd = "echo $SERVICE_REDIS_PORT > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/port; sleep 1000"
    }}
  }}
}}
"""
    process = start(tmp_path, text, "j", containers)
    wait_until((tmp_path / "port").exists)
    port = int((tmp_path / "port").read_text())
    assert _listens(port)
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: not _listens(port))
    containers.run("rm", "--all", "--force", "--time=0")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_rights_runs_containers_too(containers: Containers) -> None:
    uid = str(1_700_000 + os.getpid() % 100_000)
    with tempfile.TemporaryDirectory(prefix="pikoci-c-", dir="/run") as place:
        home = Path(place)
        (home / "image.tar").write_bytes(containers.packed_image())
        (home / "p.hcl").write_text(ENDLESS.replace("sleep 4242", "id -u; touch made"))
        (home / "start").write_text(OWN_PODMAN.format(image=IMAGE, pikoci=BIN / "pikoci"))
        for path in (home, *home.iterdir()):
            os.chown(path, int(uid), int(uid))
        done = subprocess.run(
            ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sh", "-e", "start"],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": place,
                "XDG_RUNTIME_DIR": place,
                "CONTAINERS_CONF": containers.environment["CONTAINERS_CONF"],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert "up\n0\n" in done.stdout


def _sleepers() -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if _read(path) == b"sleep\x004242\x00"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
