"""`pikoci_pipeline` against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.deploy.conftest import Run
from tests.services.pikoci import PikociServer
from tests.unit.deploy.collection import plugin

CONFIG = """
variable "who" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
  default   = "none"
}

job "greet" {
  task "greet" {
    run "shell" {
      cmd = "echo Hello, ${var.who}, ${var.password}"
    }
  }
}
"""
MODULE = "pikoci_pipeline"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A pipeline that no other test has."""
    return str(request.node.name)[:90]


def test_setting_twice_changes_once(run: Run, server: PikociServer, name: str) -> None:
    wish = {"name": name, "config": CONFIG, "vars": {"who": "world"}}
    first, second = run(MODULE, **wish), run(MODULE, **wish)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["changes"] == [{"kind": "added", "what": "job", "name": "greet", "details": []}]
    assert first["diff"] == {"before": "", "after": "job greet\n"}
    assert second["changes"] == []
    assert server.get(f"/teams/main/pipelines/{name}")["config"] == CONFIG


def test_check_mode_says_what_would_change_and_changes_nothing(run: Run, server: PikociServer, name: str) -> None:
    assert run(MODULE, check=True, name=name, config=CONFIG, vars={"who": "a"})["pipeline"] is None
    assert server.http.get(f"/api/v1/teams/main/pipelines/{name}").status_code == 404
    run(MODULE, name=name, config=CONFIG, vars={"who": "a"})
    planned = run(MODULE, check=True, name=name, config=CONFIG, vars={"who": "b"}, paused=True)
    assert planned["changed"]
    assert "paused: False\njob greet: " in planned["diff"]["before"]
    assert "Hello, a" in planned["diff"]["before"]
    assert "Hello, b" in planned["diff"]["after"]
    assert planned["pipeline"]["revision"] == 1
    assert not run(MODULE, name=name, config=CONFIG, vars={"who": "a"})["changed"]


def test_another_text_with_the_same_meaning_is_a_change(run: Run, name: str) -> None:
    run(MODULE, name=name, config=CONFIG, vars={"who": "a"})
    changed = run(MODULE, name=name, config=f"# a comment\n{CONFIG}", vars={"who": "a"})
    assert (changed["changed"], changed["changes"]) == (True, [])
    assert "another text" in changed["diff"]["after"]


def test_secret_variables_appear_nowhere(run: Run, name: str) -> None:
    wish = {"name": name, "config": CONFIG, "vars": {"who": "a"}}
    run(MODULE, **wish, secret_vars={"password": "swordfish-1"})
    result = run(MODULE, **wish, secret_vars={"password": "swordfish-2"})
    assert result["changed"]
    assert "swordfish" not in str(result)
    assert "correct horse" not in str(result)


def test_switches_are_set_and_left_alone(run: Run, name: str) -> None:
    wish = {"name": name, "config": CONFIG, "vars": {"who": "a"}}
    assert run(MODULE, **wish, paused=True, published=True)["pipeline"]["paused"]
    untouched = run(MODULE, **wish)
    assert (untouched["changed"], untouched["pipeline"]["public"]) == (False, True)
    undone = run(MODULE, **wish, paused=False)
    assert (undone["changed"], undone["pipeline"]["paused"]) == (True, False)
    assert not run(MODULE, **wish, paused=False)["changed"]


def test_a_file_is_read(run: Run, name: str, tmp_path: Path) -> None:
    (tmp_path / "app.hcl").write_text(CONFIG)
    assert run(MODULE, name=name, src=str(tmp_path / "app.hcl"), vars={"who": "a"})["changed"]
    assert "missing.hcl cannot be read" in run(MODULE, name=name, src=str(tmp_path / "missing.hcl"))["msg"]


def test_removing_twice_changes_once(run: Run, server: PikociServer, name: str) -> None:
    run(MODULE, name=name, config=CONFIG, vars={"who": "a"})
    assert run(MODULE, check=True, name=name, state="absent")["changed"]
    assert server.get(f"/teams/main/pipelines/{name}")
    assert run(MODULE, name=name, state="absent")["changed"]
    assert not run(MODULE, name=name, state="absent")["changed"]


def test_every_finding_is_in_the_one_error(run: Run, name: str) -> None:
    config = 'job "a" {\n  get "git" "nowhere" {}\n  wrong = 1\n}\n'
    for check in (False, True):
        failed = run(MODULE, check=check, name=name, config=config)
        assert failed["failed"]
        assert "line 2, column " in failed["msg"]
        assert "line 3, column " in failed["msg"]
        assert "\n" not in failed["msg"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password": "not this one"}, "the name or the password is wrong"),
        ({"user": ""}, "give `user` and `password`, or `token`"),
        ({"token": "nonsense"}, "the token is not valid here"),
        ({"team": "nobody"}, "nobody"),
        ({"config": None}, "give `config` or `src`"),
        ({"src": "app.hcl"}, "mutually exclusive"),
    ],
)
def test_what_is_wrong_is_one_sentence(run: Run, options: dict[str, str], said: str) -> None:
    failed = run(MODULE, **{"name": "app", "config": CONFIG, "vars": {"who": "a"}, **options})
    assert failed["failed"]
    assert said in failed["msg"]


def test_a_server_that_is_not_there_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin("module_utils", "pikoci_api"), "PATIENCE", 0.0)
    failed = run(MODULE, url="http://127.0.0.1:9", name="app", config=CONFIG)
    assert failed["msg"].startswith("http://127.0.0.1:9 does not answer as PikoCI does: ")


def test_an_address_needs_no_scheme(run: Run, server: PikociServer, name: str) -> None:
    url = server.url.removeprefix("http://")
    assert run(MODULE, url=url, name=name, config=CONFIG, vars={"who": "a"})["changed"]
