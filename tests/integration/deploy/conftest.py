"""A real server, and the collection's modules as Ansible calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent import monkey

from tests.services.pikoci import PASSWORD, USER, PikociServer, running_server
from tests.unit.deploy.collection import plugin

with pytest.MonkeyPatch.context() as patch:
    # Ansible tries, when imported, whether a port may be of a class made of int. gevent would print that it may not.
    patch.setattr("socket.getaddrinfo", monkey.get_original("socket", "getaddrinfo"))
    from ansible.module_utils.testing import patch_module_args

SLOW = """
variable "gate" {
  type = string
}

job "wait" {
  task "wait" {
    run "shell" {
      cmd = "until test -e ${var.gate}; do sleep 0.05; done"
    }
  }
}
"""

#: Runs a module with these options and gives its result, or `failed` with `msg`.
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PikociServer]:
    folder = tmp_path_factory.mktemp("server")
    flags = ["--db-system=sqlite", f"--db-name={folder / 'pikoci.db'}", "--heartbeat-interval=200ms"]
    with running_server(folder, flags) as running:
        yield running


@pytest.fixture
def run(server: PikociServer, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
        login = {} if "token" in options else {"user": USER, "password": PASSWORD}
        arguments = {"url": server.url, **login, "_ansible_check_mode": check, **options}
        capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            plugin("modules", module).main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return call


@pytest.fixture
def busy(server: PikociServer, tmp_path: Path) -> Iterator[Path]:
    """A build runs, until the file that is given is made, at the latest when the test is over."""
    gate = tmp_path / "gate"
    body = {"config": SLOW, "vars": {"gate": str(gate)}}
    server.http.put("/api/v1/teams/main/pipelines/slow", json=body).raise_for_status()
    number = server.post("/teams/main/pipelines/slow/jobs/wait/builds", {})["number"]
    server.wait_for_build("slow", "wait", number, "started")
    yield gate
    gate.touch()
    server.wait_for_build("slow", "wait", number, "succeeded")
