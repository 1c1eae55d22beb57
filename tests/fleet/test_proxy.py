"""The reverse proxy's role before real servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gevent.pywsgi import WSGIServer

from tests.fleet.fleet import Fleet
from tests.fleet.roles import Roles, make_certificate, own_address
from tests.services.pikoci import PikociServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BUILD = "/api/v1/teams/main/pipelines/live/jobs/wait/builds/1"
PIPELINE = """\
job "wait" {
  task "wait" {
    run "shell" {
      cmd = "echo begun; until [ -e RELEASE ]; do sleep 0.1; done"
    }
  }
}
"""


class Recorder:
    """A server that says whether it is ready, and keeps what it is asked."""

    def __init__(self, address: str) -> None:
        self.ready = False
        self.asked: list[dict[str, Any]] = []
        self._server = WSGIServer((address, 0), self._answer, log=None)
        self._server.start()
        self.port = self._server.server_port

    def close(self) -> None:
        """Stop to listen."""
        self._server.stop(timeout=1)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/readyz":
            self.asked.append(environ)
        start_response("200 OK" if self.ready else "503 Service Unavailable", [("Content-Length", "0")])
        return [b""]


class Edge(Roles):
    """A host with the proxy, before a real server and a recorder on this machine."""

    def __init__(self, fleet: Fleet, server: PikociServer, recorder: Recorder) -> None:
        """Boot the host. Raises FleetError."""
        super().__init__(fleet, {"pikoci_proxy": "edge1"})
        self.server = server
        self.recorder = recorder
        self.machine = self.host("pikoci_proxy")
        self.url = f"https://{self.machine.address}"
        ports = (server.port, recorder.port)
        self.variables["pikoci_proxy_servers"] = [f"{own_address(fleet)}:{port}" for port in ports]
        self.variables["pikoci_url"] = self.url

    def client(self) -> httpx.Client:
        """A client that trusts the proxy's certificate and no other."""
        trust = ssl.create_default_context(cadata=self.machine.run("cat /etc/haproxy/pikoci.pem"))
        return httpx.Client(base_url=self.url, verify=trust, timeout=20.0)

    def wait_until_serving(self) -> None:
        """Wait until the proxy asks the server that is ready, and only that one."""
        with self.client() as client:
            self.machine.wait_for(
                lambda: all(client.get("/version").is_success for _ in range(4)), "the proxy to find the server"
            )


@pytest.fixture(scope="module")
def bare(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with Fleet() as fleet:
        folder = tmp_path_factory.mktemp("server")
        recorder = Recorder(own_address(fleet))
        try:
            with running_server(folder, ["--host=0.0.0.0"]) as server:
                yield Edge(fleet, server, recorder)
        finally:
            recorder.close()


@pytest.fixture(scope="module")
def edge(bare: Edge) -> Edge:
    """The role played once, and the server found to be ready."""
    bare.play()
    bare.wait_until_serving()
    return bare


def test_a_check_of_a_bare_host_changes_nothing(bare: Edge) -> None:
    assert bare.play("--check", "--diff").changed() == {"edge1": 2}
    assert not bare.machine.succeeds("systemctl cat haproxy")


def test_the_second_run_changes_nothing_and_a_check_shows_a_change(edge: Edge) -> None:
    assert edge.play().changed() == {}
    assert "+    timeout server 7m" in edge.play("--check", "--diff", pikoci_proxy_idle_timeout="7m").output
    assert edge.play("--check").changed() == {}


def test_a_server_that_is_not_ready_gets_nothing(edge: Edge) -> None:
    with edge.client() as client:
        assert {client.get("/version").status_code for _ in range(6)} == {200}
    assert edge.recorder.asked == []


def test_a_server_hears_who_the_client_is_and_nothing_else(edge: Edge) -> None:
    edge.recorder.ready = True
    try:
        with edge.client() as client:
            forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher"}
            edge.machine.wait_for(
                lambda: client.get("/healthz", headers=forged).is_success and edge.recorder.asked,
                "the recorder to be asked",
            )
    finally:
        edge.recorder.ready = False
    edge.wait_until_serving()
    asked = edge.recorder.asked[-1]
    assert asked["HTTP_X_FORWARDED_FOR"] == own_address(edge.fleet)
    assert asked["HTTP_X_FORWARDED_PROTO"] == "https"


def test_a_live_log_comes_while_the_build_runs(edge: Edge, tmp_path: Path) -> None:
    release = tmp_path / "release"
    with edge.client() as client:
        client.headers["authorization"] = edge.server.http.headers["authorization"]
        pipeline = {"config": PIPELINE.replace("RELEASE", str(release))}
        client.put("/api/v1/teams/main/pipelines/live", json=pipeline).raise_for_status()
        client.post("/api/v1/teams/main/pipelines/live/jobs/wait/builds").raise_for_status()
        with client.stream("GET", f"{BUILD}/events") as stream:
            lines = stream.iter_lines()
            assert any("begun" in line for line in lines)  # while the build goes on
            release.touch()
            assert any(line == "event: end" for line in lines)


def test_plain_http_is_sent_to_tls(edge: Edge) -> None:
    answer = httpx.post(f"http://{edge.machine.address}/api/v1/login?x=1")

    assert (answer.status_code, answer.headers["location"]) == (308, f"{edge.url}/api/v1/login?x=1")


def test_the_log_has_no_token_of_a_webhook(edge: Edge) -> None:
    with edge.client() as client:
        client.post("/webhooks/the-token", params={"key": "the-key"})
    edge.machine.wait_for(lambda: "POST /webhooks/***" in edge.machine.journal("haproxy"), "the request in the log")

    assert "the-token" not in edge.machine.journal("haproxy")
    assert "the-key" not in edge.machine.journal("haproxy")


def test_the_proxy_is_back_after_a_reboot(edge: Edge) -> None:
    edge.machine.reboot()

    edge.wait_until_serving()


def test_a_given_certificate_takes_the_place_of_the_first_one(edge: Edge, tmp_path: Path) -> None:
    before = edge.machine.run("cat /etc/haproxy/pikoci.pem")
    certificate, key = make_certificate(tmp_path, edge.machine.address)

    edge.play(pikoci_proxy_certificate=str(certificate), pikoci_proxy_key=str(key))

    assert edge.machine.run("cat /etc/haproxy/pikoci.pem") != before
    edge.wait_until_serving()


def test_without_tls_there_is_one_plain_port(edge: Edge) -> None:
    edge.play(pikoci_url=f"http://{edge.machine.address}:8000")

    assert httpx.get(f"http://{edge.machine.address}:8000/readyz").status_code == 200
    edge.machine.wait_for(
        lambda: not edge.machine.succeeds("ss -Hltn | grep -E ':(80|443) '"), "the other ports to close"
    )


def test_uninstalling_leaves_nothing(edge: Edge) -> None:
    edge.uninstall()

    assert edge.machine.run("ls -d /etc/haproxy /var/lib/haproxy 2>/dev/null || true") == ""
    assert not edge.machine.succeeds("systemctl cat haproxy")
    assert edge.uninstall().changed() == {}
