"""The server's own store of secrets, and what is encrypted beside it: from the command line to a database's dump."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.services.pikoci import PIKOCI, PikociServer
from tests.services.postgresql import Database

KEY = "a-first-key-" * 4
TEAMS, OWN, GIVEN = "hunter22-of-the-team", "swordfish-of-the-pipeline", "correct-horse-given"
FILE = """
variable "token" {
  secret "pikoci" {
    key = "TOKEN"
  }
}

variable "shared" {
  secret "pikoci" {
    key = "SHARED"
  }
}

variable "given" {
  sensitive = true
}

resource_type "feed" {
  params = ["auth"]
  check "shell" {
    cmd = "test -n \\"$param_auth\\" && echo '[{\\"ref\\": \\"1\\"}]'"
  }
  pull "shell" {
    cmd = "echo \\"pulled with $param_auth\\""
  }
}

resource "feed" "news" {
  params {
    auth = "Bearer ${var.shared}"
  }
}

job "deploy" {
  get "feed" "news" {}
  task "show" {
    env = { TOKEN = var.token, GIVEN = var.given }
    run "shell" {
      cmd = "echo \\"masked $TOKEN $GIVEN\\"; printf %s \\"$TOKEN\\" | rev"
    }
  }
}
"""


class Site:
    """A server with a key, and the command line of somebody who is logged in."""

    def __init__(self, folder: Path, flags: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.folder = folder
        self.server = PikociServer(folder, flags)

    def start(self, key: str) -> None:
        self._monkeypatch.setenv("SECRET_KEY", key)
        self.server.start()

    def client(self, *arguments: str, value: str | None = None) -> subprocess.CompletedProcess[str]:
        token = self.server.http.headers["authorization"].removeprefix("Bearer ")
        return subprocess.run(
            [PIKOCI, "client", "secrets", *arguments],
            env={**os.environ, "PIKOCI_URL": self.server.url, "PIKOCI_TOKEN": token, "HOME": str(self.folder)},
            input=value,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def set_pipeline(self) -> None:
        body = {"config": FILE, "vars": {"given": GIVEN}}
        self.server.http.put("/api/v1/teams/main/pipelines/app", json=body).raise_for_status()
        versions = "/teams/main/pipelines/app/resources/feed.news/versions"
        self.server.wait_for(lambda: self.server.get(versions)["items"], "a version")

    def run(self, number: str) -> str:
        self.server.post("/teams/main/pipelines/app/jobs/deploy/builds")
        build = self.server.wait_for_build("app", "deploy", number, "succeeded", "failed", "errored")
        assert build["status"] == "succeeded", build
        return self.server.build_log("app", "deploy", number)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "place"
    folder.mkdir()
    flags = ["--db-system=sqlite", f"--db-name={folder / 'pikoci.db'}"]
    if request.param == "postgresql":
        flags = request.getfixturevalue("postgresql").flags()
    made = Site(folder, flags, monkeypatch)
    yield made
    made.server.stop()


def dump(database: Database) -> bytes:
    """Every row of every table."""
    with psycopg2.connect(
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        dbname=database.dbname,
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {name}")
            found += [bytes(v) if isinstance(v, memoryview) else repr(v).encode() for r in cursor.fetchall() for v in r]
    connection.close()
    return b"\n".join(found)


def test_builds_have_them_and_no_file_log_or_row_shows_any(
    site: Site, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    site.start(KEY)
    assert site.client("set", "SHARED", value=f"{TEAMS}\n").returncode == 0
    assert site.client("set", "TOKEN", value=TEAMS).returncode == 0
    site.set_pipeline()
    first = site.run("1")
    assert "pulled with Bearer ***\n" in first
    assert f"masked *** ***\n{TEAMS[::-1]}" in first

    (tmp_path / "token").write_text(f"{OWN}\n")
    done = site.client("set", "TOKEN", "-p", "app", "--file", str(tmp_path / "token"))
    assert done.stdout == "main/app has the secret TOKEN.\n"
    assert f"masked *** ***\n{OWN[::-1]}" in site.run("2")
    listed = site.client("list", "-p", "app")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["SECRET", "TOKEN"]
    assert site.client("delete", "TOKEN", "-p", "app").returncode == 0
    assert f"masked *** ***\n{TEAMS[::-1]}" in site.run("3")

    site.server.stop()
    kept = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    if "postgresql" in request.node.callspec.id:
        kept += dump(request.getfixturevalue("postgresql"))
    assert b"sealed:1:" in kept
    for secret in (TEAMS, OWN, GIVEN, KEY):
        assert secret.encode() not in kept
        assert secret not in listed.stdout + done.stdout


def test_a_server_without_a_key_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"], monkeypatch)
    try:
        site.start("")
        refused = site.client("set", "TOKEN", value=TEAMS)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "this server keeps no secrets: it has no --secret-key to encrypt them with" in refused.stderr
        empty = site.client("set", "TOKEN", value="\n")
        assert (empty.returncode, "<stdin>: there is no value" in empty.stderr) == (1, True)
    finally:
        site.server.stop()


def test_a_run_on_this_machine_takes_them_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "app.hcl").write_text(FILE)
    (tmp_path / ".env").write_text(f"TOKEN={OWN}\n# of the team\nSHARED='{TEAMS}'\n")
    (tmp_path / "vars.json").write_text(f'{{"given": "{GIVEN}"}}')
    command = [PIKOCI, "run", "-p", "app.hcl", "-j", "deploy", "--vars", "vars.json"]
    done = subprocess.run(
        [*command, "--secrets", ".env"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"masked *** ***\n{OWN[::-1]}" in done.stdout
    assert OWN not in done.stdout + done.stderr
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "no value for var.shared from pikoci: no file of --secrets has SHARED" in done.stdout
