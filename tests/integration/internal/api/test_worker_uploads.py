"""Streams of workers through gunicorn, which is what production has."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pikoci.internal.domain.errors import StaleClaimError, TooLargeError
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.worker.http import HttpGateway
from tests.services.pikoci import PIKOCI, PikociServer, running_server

SECRET = "a secret for tests that is long enough"
NAME, INSTANCE = "w-1", "0123456789abcdef.1"
PIPELINE = (
    'job "tagged" {\n  tags = ["nobody"]\n  task "t" {\n    run "exec" {\n      path = "/bin/true"\n    }\n  }\n}\n'
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    (tmp_path / "p.hcl").write_text(PIPELINE)
    flags = [
        f"--jwt-secret={SECRET}",
        "--artifact-limit=2",
        "--pipeline-name=p",
        f"--pipeline-config={tmp_path / 'p.hcl'}",
    ]
    with running_server(tmp_path, flags) as started:
        yield started


@pytest.fixture
def gateway(server: PikociServer) -> Iterator[HttpGateway]:
    token = subprocess.run(
        [PIKOCI, "worker-token"], env={"JWT_SECRET": SECRET, "PATH": "/bin"}, check=True, capture_output=True, text=True
    ).stdout.strip()
    with closing(HttpGateway(server.url, token, NAME, INSTANCE)) as made:
        made.register(
            WorkerHello(
                name=NAME, instance=INSTANCE, version="1", queues=["jobs.nobody"], concurrency=1, tags=["nobody"]
            )
        )
        yield made


def test_artifacts_stream_up_and_down_and_refusals_arrive(server: PikociServer, gateway: HttpGateway) -> None:
    build_id = server.post("/teams/main/pipelines/p/jobs/tagged/builds", {})["id"]
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim
    pieces = [bytes([number]) * 100_000 for number in range(15)]
    digest = gateway.store_artifact(build_id, claim, iter(pieces))
    assert b"".join(gateway.load_artifact(build_id, claim, digest)) == b"".join(pieces)
    with pytest.raises(TooLargeError):
        gateway.store_artifact(build_id, claim, (b"x" * 262_144 for _ in range(200)))
    with pytest.raises(StaleClaimError):
        gateway.store_artifact(build_id, claim + 1, (b"x" * 262_144 for _ in range(200)))
    assert gateway.store_artifact(build_id, claim, iter(pieces)) == digest


def test_an_upload_that_is_cut_off_is_no_error_of_the_server(server: PikociServer, gateway: HttpGateway) -> None:
    build_id = server.post("/teams/main/pipelines/p/jobs/tagged/builds", {})["id"]
    claim = gateway.claim_build(build_id, NAME, INSTANCE).claim

    def cut_off() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyError("the worker dies here")

    with pytest.raises(KeyError):
        gateway.store_artifact(build_id, claim, cut_off())
    digest = gateway.store_artifact(build_id, claim, iter([b"whole"]))
    assert b"".join(gateway.load_artifact(build_id, claim, digest)) == b"whole"
    assert "request failed" not in server.log.read_text()
