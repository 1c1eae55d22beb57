"""Secrets from a server that speaks Vault's API reach builds, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.pikoci import PIKOCI, PikociServer, running_server
from tests.services.vault import FakeVault, fake_vault

FIRST, SECOND = "hunter22-first", "swordfish-second"
APPROLE = "role-secret-4711"
FILE = """
variable "role_secret" {
  secret "file" {
    path = "%(folder)s/role.env"
    key  = "SECRET_ID"
  }
}

secret_type "store" {
  source    = "pikoci://vault"
  address   = "%(address)s"
  role_id   = "builds"
  secret_id = var.role_secret
}

variable "token" {
  secret "store" {
    path = "secret/app"
    key  = "token"
  }
}

resource_type "feed" {
  params = ["auth"]
  check "shell" {
    cmd = "echo \\"[{\\\\\\"length\\\\\\": \\\\\\"${length}\\\\\\"}]\\""
  }
  pull "shell" {
    cmd = "echo \\"pulled with $param_auth\\""
  }
}

resource "feed" "news" {
  params {
    auth = "Bearer ${var.token}"
  }
}

job "deploy" {
  get "feed" "news" {}
  task "show" {
    env = { TOKEN = var.token }
    run "shell" {
      cmd = "echo \\"masked $TOKEN\\"; printf %%s \\"$TOKEN\\" | rev; echo \\"KEY=$TOKEN\\" > $PIKOCI_OUTPUT"
    }
  }
  task "later" {
    run "shell" {
      cmd = "echo \\"and $TASK_SHOW_KEY\\"; exit 3"
    }
  }
}
""".replace("${length}", "${#param_auth}".replace("${", "$${"))


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[FakeVault]:
    with fake_vault() as found:
        found.roles = {"builds": APPROLE}
        found.version_2["app"] = {"token": FIRST}
        (tmp_path / "role.env").write_text(f"SECRET_ID='{APPROLE}'\n")
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    (tmp_path / "place").mkdir()
    with running_server(
        tmp_path / "place", ["--db-system=sqlite", f"--db-name={tmp_path / 'place' / 'p.db'}"]
    ) as found:
        yield found


def everywhere(folder: Path) -> bytes:
    """All files of a server and its worker: database, spools, logs."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def run(server: PikociServer, number: str) -> str:
    server.post("/teams/main/pipelines/app/jobs/deploy/builds")
    build = server.wait_for_build("app", "deploy", number, "succeeded", "failed", "errored")
    assert build["status"] == "failed", build
    return server.build_log("app", "deploy", number)


def test_a_build_has_the_newest_secret_and_nobody_else_has_any(
    server: PikociServer, vault: FakeVault, tmp_path: Path
) -> None:
    config = FILE % {"folder": tmp_path, "address": vault.address}
    set_ = server.http.put("/api/v1/teams/main/pipelines/app", json={"config": config}).raise_for_status()
    assert vault.asked == [], "setting a pipeline reads no secret"
    server.wait_for(lambda: server.get("/teams/main/pipelines/app/resources/feed.news/versions")["items"], "a version")

    first = run(server, "1")
    assert "pulled with Bearer ***\n" in first
    assert f"masked ***\n{FIRST[::-1]}" in first
    assert "and ***\n" in first
    vault.version_2["app"] = {"token": SECOND}
    assert f"masked ***\n{SECOND[::-1]}" in run(server, "2")
    assert not vault.tokens

    plan = server.post("/teams/main/pipelines/app/plan", {"config": config.replace("secret/app", "secret/other")})
    answers = [set_.text, json.dumps(plan), json.dumps(server.build("app", "deploy", "1"))]
    answers += [
        server.http.get(f"/api/v1/teams/main/pipelines/app{path}").text for path in ("", "/source", "/jobs/deploy")
    ]
    assert plan["changes"][0]["details"] == [{"path": "path", "before": "secret/app", "after": "secret/other"}]
    server.stop()
    kept = everywhere(tmp_path / "place")
    for secret in (FIRST, SECOND, APPROLE, "hvs.made"):
        assert secret.encode() not in kept
        assert not any(secret in answer for answer in answers)


def test_a_sealed_store_fails_the_step_by_its_reason(server: PikociServer, vault: FakeVault, tmp_path: Path) -> None:
    config = FILE % {"folder": tmp_path, "address": vault.address}
    server.http.put("/api/v1/teams/main/pipelines/app", json={"config": config}).raise_for_status()
    server.wait_for(lambda: server.get("/teams/main/pipelines/app/resources/feed.news/versions")["items"], "a version")
    vault.say = (503, b'{"errors": ["Vault is sealed"]}')
    run(server, "1")
    reason = server.build("app", "deploy", "1")["reason"]
    assert (
        reason
        == 'get "news": no value for var.token from store: Vault refused the login by approle (503: it is sealed)'
    )


def test_a_run_on_this_machine_reads_secrets_too(vault: FakeVault, tmp_path: Path) -> None:
    (tmp_path / "app.hcl").write_text(FILE % {"folder": tmp_path, "address": vault.address})
    command = [PIKOCI, "run", "-p", "app.hcl", "-j", "deploy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert f"masked ***\n{FIRST[::-1]}" in done.stdout
    assert FIRST not in done.stdout + done.stderr
    (tmp_path / "own.json").write_text(json.dumps({"token": "mine-instead"}))
    asked = len(vault.asked)
    done = subprocess.run(
        [*command, "--vars", "own.json"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert f"masked ***\n{'mine-instead'[::-1]}" in done.stdout
    assert len(vault.asked) == asked, "a value that is given wins over the secret"
