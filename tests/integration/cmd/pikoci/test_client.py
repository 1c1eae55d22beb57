from __future__ import annotations

import json
import re
import signal
import stat

import pytest

from tests.integration.cmd.pikoci.conftest import PASSWORD, USER, Program, read_until, wait_until


def job(pipeline: str, name: str) -> list[str]:
    return ["-p", pipeline, "-j", name]


def newest(client: Program, pipeline: str, name: str) -> dict[str, object]:
    done = client("client", "builds", "show", *job(pipeline, name), "--output", "json")
    build = json.loads(done.stdout)
    assert isinstance(build, dict)
    return build


def test_a_login_is_kept_for_its_owner_alone_and_shown_nowhere(program: Program, server: str) -> None:
    done = program("client", "login", "--url", server, "--user", USER, text=f"{PASSWORD}\n")
    assert done.returncode == 0
    path = program.home / "config" / "pikoci" / "client.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = json.loads(path.read_text())["servers"][server]["token"]
    said = program("client", "whoami")
    assert said.returncode == 0
    assert USER in said.stdout
    for text in (done.stdout, done.stderr, said.stdout, said.stderr):
        assert token not in text
        assert PASSWORD not in text


def test_a_wrong_password_logs_nobody_in(program: Program, server: str) -> None:
    done = program("client", "login", "--url", server, "--user", USER, text="wrong\n")
    assert (done.returncode, done.stderr) == (1, "Error: the name or the password is wrong\n")
    assert not (program.home / "config").exists()


def test_without_a_login_the_way_to_one_is_told(program: Program, server: str) -> None:
    done = program("client", "whoami", "--url", server)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: you are not logged in at {server}\nHint: run `pikoci client login --url {server}`\n"
    )
    listed = program("client", "pipelines", "list", "--url", server)
    assert f"Hint: you are not logged in: run `pikoci client login --url {server}`" in listed.stderr


def test_a_void_token_is_told_as_one(client: Program, server: str) -> None:
    client.variables["PIKOCI_TOKEN"] = "no-such-token"
    done = client("client", "whoami")
    assert done.returncode == 1
    assert "refuses the token in the variable PIKOCI_TOKEN" in done.stderr
    assert "pikoci client login" in done.stderr
    assert "no-such-token" not in done.stderr


def test_a_logout_forgets(client: Program, server: str) -> None:
    assert client("client", "logout").returncode == 0
    assert client("client", "whoami", "--url", server).returncode == 1


def test_a_new_user_must_change_the_password_and_can(client: Program, server: str) -> None:
    assert client("client", "users", "create", "bob", text="first password\n").returncode == 0
    assert client("client", "login", "-u", server, "-U", "bob", text="first password\n").returncode == 0
    refused = client("client", "pipelines", "list")
    assert (refused.returncode, "run `pikoci client password`" in refused.stderr) == (1, True)
    assert client("client", "password", text="first password\nsecond password\n").returncode == 0
    assert client("client", "whoami").returncode == 0


def test_a_build_is_followed_while_it_runs(client: Program, pipeline: str) -> None:
    following = client.start("client", "jobs", "trigger", *job(pipeline, "slow"), "--follow")
    assert read_until(following, "before") == ["=== task wait", "before"]
    assert following.poll() is None
    (client.home / "gate").touch()
    out, _ = following.communicate(timeout=30)
    lines = out.splitlines()
    assert lines[0] == "after"
    assert lines[1].startswith("--- task wait: succeeded in ")
    assert lines[2].startswith(f"main/{pipeline}/slow#1 succeeded in ")
    assert following.returncode == 0


def test_a_build_that_fails_fails_the_command(client: Program, pipeline: str) -> None:
    done = client("client", "jobs", "trigger", *job(pipeline, "broken"), "--follow")
    assert done.returncode == 1
    assert "oh no\n" in done.stdout
    assert "exit status 3" in done.stdout.splitlines()[-1]
    again = client("client", "builds", "retry", *job(pipeline, "broken"), "-b", "1", "--follow", "--output", "json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["number"] == "1.1"


def test_a_result_stays_in_sight_while_the_next_build_runs(client: Program, pipeline: str) -> None:
    client("client", "jobs", "trigger", *job(pipeline, "broken"), "-f")
    client("client", "jobs", "pause", *job(pipeline, "broken"))
    client("client", "jobs", "trigger", *job(pipeline, "broken"))
    listed = client("client", "jobs", "list", "-p", pipeline).stdout.splitlines()
    assert listed[0].split() == ["JOB", "LAST", "NOW", "NEWEST", "CREATED", "PAUSED"]
    assert next(line.split()[:4] for line in listed if line.startswith("broken")) == [
        "broken",
        "failed",
        "pending",
        "#2",
    ]
    assert re.search(rf"^{pipeline} +4 +failed +pending ", client("client", "pipelines", "list").stdout, re.MULTILINE)
    shown = client("client", "jobs", "show", *job(pipeline, "broken")).stdout
    assert re.search(r"^last: +failed\nnow: +pending$", shown, re.MULTILINE)


def test_a_build_is_taken_by_the_name_that_is_shown(client: Program, pipeline: str) -> None:
    name = f"main/{pipeline}/broken#1"
    started = client("client", "jobs", "trigger", f"{pipeline}/broken")
    assert started.stdout == f"Started {name}.\n"
    assert client("client", "builds", "follow", name).stdout.splitlines()[-1].startswith(f"{name} failed in ")
    assert client("client", "builds", "show", name).stdout.startswith(f"build:       {name}\n")
    assert client("client", "builds", "log", "-b", name).stdout == "oh no\n"
    assert newest(client, pipeline, "broken")["name"] == name


def test_ctrl_c_ends_the_watching_and_not_the_build(client: Program, pipeline: str) -> None:
    following = client.start("client", "jobs", "trigger", *job(pipeline, "endless"), "-f")
    read_until(following, "asleep")
    following.send_signal(signal.SIGINT)
    out, _ = following.communicate(timeout=30)
    assert following.returncode == 130
    assert out == "\nThe build goes on; `pikoci client builds cancel` stops it.\n"
    assert newest(client, pipeline, "endless")["status"] == "started"
    assert client("client", "builds", "cancel", *job(pipeline, "endless")).returncode == 0
    wait_until(lambda: newest(client, pipeline, "endless")["status"] == "cancelled")
    assert client("client", "builds", "follow", *job(pipeline, "endless")).returncode == 1


def test_the_log_is_printed_as_it_was_written(client: Program, pipeline: str) -> None:
    client("client", "jobs", "trigger", *job(pipeline, "broken"), "-f")
    assert client("client", "builds", "log", *job(pipeline, "broken")).stdout == "oh no\n"
    assert json.loads(client("client", "builds", "log", *job(pipeline, "broken"), "--output", "json").stdout) == {
        "log": "oh no\n"
    }


@pytest.mark.slow
def test_versions_are_triggered_pinned_and_taken_out_of_use(client: Program, pipeline: str) -> None:
    resource = ["-p", pipeline, "-r", "trigger.start"]
    assert client("client", "resources", "check", *resource).returncode == 0

    def versions() -> list[dict[str, object]]:
        done = client("client", "resources", "versions", *resource, "--output", "json")
        found = json.loads(done.stdout)["items"]
        assert isinstance(found, list)
        return found

    wait_until(lambda: bool(versions()))
    number = str(versions()[0]["id"])
    wait_until(lambda: client("client", "builds", "show", *job(pipeline, "quick")).returncode == 0)
    followed = client("client", "jobs", "trigger", *job(pipeline, "quick"), "--input", f"start={number}", "-f")
    assert followed.returncode == 0
    assert "hello\n" in followed.stdout
    assert client("client", "resources", "pin", *resource, number).returncode == 0
    assert "pinned" in client("client", "resources", "list", "-p", pipeline).stdout
    assert client("client", "resources", "unpin", *resource).returncode == 0
    assert client("client", "resources", "disable", *resource, number).returncode == 0
    assert versions()[0]["enabled"] is False
    assert client("client", "resources", "enable", *resource, number).returncode == 0
    started = client("client", "resources", "trigger", *resource, number).stdout
    assert started.startswith(f"Started main/{pipeline}/quick#")


def test_a_resource_is_named_without_its_type(client: Program, pipeline: str) -> None:
    done = client("client", "resources", "check", "-p", pipeline, "-r", "start")
    assert (done.returncode, done.stdout) == (0, "trigger.start will be checked.\n")


def test_an_invalid_file_is_shown_with_its_own_name_and_changes_nothing(client: Program, pipeline: str) -> None:
    (client.home / "broken.hcl").write_text('job "a" {\n  tsk "x" {}\n}\n')
    done = client("client", "pipelines", "set", "-n", pipeline, "broken.hcl")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('broken.hcl:2:3: error: Unknown block "tsk" in job\n')
    assert "^^^" in done.stderr
    show = client("client", "pipelines", "show", "-p", pipeline, "--output", "json")
    assert json.loads(show.stdout)["pipeline"]["revision"] == 1


def test_a_plan_shows_the_change_and_setting_from_standard_input_makes_it(client: Program, pipeline: str) -> None:
    shorter = 'job "quick" {\n  task "hello" {\n    run "shell" { cmd = "echo hello" }\n  }\n}\n'
    plan = client("pipeline", "plan", "-p", pipeline, "-", text=shorter)
    assert plan.returncode == 0
    assert "- job slow\n" in plan.stdout
    assert client("client", "pipelines", "plan", "-p", pipeline, "-", text=shorter).stdout == plan.stdout
    done = client("client", "pipelines", "set", "-n", pipeline, "-", text=shorter)
    assert done.stdout.endswith("revision 2.\n")
    again = client("pipeline", "plan", "-p", pipeline, "-", "--output", "json", text=shorter)
    assert json.loads(again.stdout) == {"changes": [], "warnings": [], "starts": [], "checks": [], "unseen": 0}


def test_a_graph_is_drawn_of_a_pipeline_of_the_server_and_of_a_file(client: Program, pipeline: str) -> None:
    for form in ("dot", "json", "mermaid", "svg"):
        done = client("pipeline", "graph", "-p", f"main/{pipeline}", "--format", form)
        assert (done.returncode, done.stderr) == (0, "")
        assert "quick" in done.stdout
    again = client("client", "pipelines", "graph", "-p", pipeline, "--format", "mermaid")
    assert again.stdout == client("pipeline", "graph", "-p", pipeline, "--format", "mermaid").stdout
    text = client("client", "pipelines", "source", "-p", pipeline).stdout
    alone = client("pipeline", "graph", "-", "--format", "json", "--var", "gate=g", text=text)
    served = json.loads(client("pipeline", "graph", "-p", pipeline, "--format", "json").stdout)
    assert json.loads(alone.stdout)["edges"] == served["edges"]


def test_warnings_are_shown_when_a_pipeline_is_planned_and_set(client: Program, pipeline: str) -> None:
    odd = 'resource "trigger" "t" {\n  check_interval = "@every 1m"\n}\njob "quick" {}\n'
    for command in ("plan", "set"):
        done = client("client", "pipelines", command, "-p", pipeline, "-", text=odd)
        assert done.returncode == 0
        assert done.stderr.startswith("<stdin>:2:20: warning: The check_interval of trigger has no effect\n")
        assert "warning: " not in done.stdout
    shown = client("client", "pipelines", "set", "-p", pipeline, "-", "--output", "json", text=odd)
    assert shown.stderr == ""
    assert [one["severity"] for one in json.loads(shown.stdout)["warnings"]] == ["warning"]


def test_what_does_not_exist_is_one_clear_error(client: Program, pipeline: str) -> None:
    for arguments in (["jobs", "show", *job(pipeline, "nope")], ["builds", "show", *job(pipeline, "slow")]):
        done = client("client", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr


def test_a_deleted_pipeline_is_gone_and_only_after_a_yes(client: Program, pipeline: str) -> None:
    assert client("client", "pipelines", "delete", "-p", pipeline, text="n\n").returncode != 0
    assert client("client", "pipelines", "show", "-p", pipeline).returncode == 0
    assert client("client", "pipelines", "delete", "-p", pipeline, "--yes").returncode == 0
    assert client("client", "pipelines", "show", "-p", pipeline).returncode == 1


def test_names_are_completed_from_the_server(client: Program, pipeline: str) -> None:
    client.variables |= {
        "_PIKOCI_COMPLETE": "bash_complete",
        "COMP_WORDS": f"pikoci client jobs show -p {pipeline} -j sl",
    }
    client.variables["COMP_CWORD"] = "7"
    done = client()
    assert done.stdout == "plain,slow\n"


def test_long_names_are_completed_from_the_server(client: Program, pipeline: str) -> None:
    client("client", "jobs", "trigger", *job(pipeline, "broken"), "-f")

    def complete(line: str) -> list[str]:
        words = {"_PIKOCI_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        client.variables.update(words)
        return [entry.partition(",")[2] for entry in client().stdout.splitlines() if entry]

    assert complete(f"pikoci client builds show {pipeline}/br") == [f"{pipeline}/broken"]
    assert complete(f"pikoci client jobs show main/{pipeline}/br") == [f"main/{pipeline}/broken"]
    assert complete(f"pikoci client jobs show -p main/{pipeline} -j br") == ["broken"]
    assert complete(f"pikoci client pipelines show main/{pipeline}") == [f"main/{pipeline}"]
    assert complete(f"pikoci client builds log {pipeline}/broken#") == [f"{pipeline}/broken#1"]
    assert complete("pikoci client builds log no/such/thing#") == []


def test_completion_without_a_server_is_silent(program: Program) -> None:
    program.variables |= {
        "_PIKOCI_COMPLETE": "bash_complete",
        "COMP_WORDS": "pikoci client jobs list -p a",
        "COMP_CWORD": "5",
        "PIKOCI_URL": "http://127.0.0.1:1",
    }
    done = program()
    assert (done.stdout.strip(), done.stderr) == ("", "")
