"""Secrets in builds and checks: real commands, real files, and a server that speaks Vault's API."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from pikoci.internal.domain.plan import (
    Command,
    GetStep,
    Hook,
    Hooks,
    PutStep,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    SecretType,
    SecretVariable,
    TaskStep,
)
from pikoci.internal.domain.secret_text import FORM, SecretReference, compose, plain
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until

AWKWARD = 'it\'s "$HOME" `id`\n\\n $$ {"a"} \t* €\n'
TOKEN = compose([SecretReference("token")])
BEARER = compose(["Bearer ", SecretReference("token")])


def from_command(script: str, **variable: str) -> Secrets:
    kind = SecretType(name="mine", config={"region": "eu"}, get=sh(script))
    whole = {"name": "token", "secret_type": "mine", "key": "token", "path": "app", **variable}
    return Secrets(variables=[msgspec.convert(whole, SecretVariable)], types=[kind])


def from_file(path: Path | str, key: str = "token", **config: str) -> Secrets:
    variable = SecretVariable(name="token", secret_type="file", key=key, path=str(path))
    return Secrets(variables=[variable], types=[SecretType(name="file", builtin="file", config={**config})])


HUNTER = from_command("""echo noise; echo '{"token": "hunter22"}'""")


def everything(room: Room) -> str:
    """All that left the worker, and its spool."""
    sent = [repr(record.events) for record in room.gateway.builds.values()]
    return "".join(sent) + repr(room.gateway.results)


@pytest.mark.parametrize("runner", ["shell", "exec", "mine"])
def test_a_value_arrives_byte_for_byte_in_env_and_params(room: Room, tmp_path: Path, runner: str) -> None:
    secret, seen = tmp_path / "secret", tmp_path / "seen"
    secret.write_text(AWKWARD, encoding="utf-8")
    code = f"import os, sys; open('{seen}', 'wb').write(os.environb[b'IT'] + os.fsencode(sys.argv[1]))"
    params: dict[str, dict[str, object]] = {
        "shell": {"cmd": f"printf %s \"$IT\" > {seen}; cat >> {seen} <<'END'\n{'{}'}END\n"},
        "exec": {"path": "python3", "args": ["-c", code, TOKEN]},
        "mine": {"code": code, "it": TOKEN},
    }
    if runner == "shell":
        start, end = str(params["shell"]["cmd"]).split("{}")
        params["shell"]["cmd"] = compose([start, SecretReference("token"), end])
    mine = RunnerType(name="mine", path="python3", args=["-c", "$code", "$it"])
    step = TaskStep(id="1", name="t", run=Command(runner=runner, params=params[runner]), env={"IT": TOKEN})
    record = room.run_job(step, runner_types=[mine], secrets=from_file(secret, "content"))
    assert record.end.reason == ""
    assert seen.read_text(encoding="utf-8") == AWKWARD * 2


def test_everywhere_in_a_build_a_text_is_completed_and_masked(room: Room) -> None:
    kind = ResourceType(
        name="feed",
        pull=sh('echo "pull $param_auth $param_list"'),
        push=sh("""echo "push $put_auth"; echo '{"ref": "1"}' """),
    )
    hooks = Hooks(
        on_success=[Hook(id="3/on_success/1", command=sh('test "$HOOK" = hunter22 && echo hook'), env={"HOOK": TOKEN})]
    )
    record = room.run_job(
        GetStep(id="1", name="news", resource="feed.news", params={"list": ["a", TOKEN]}),
        PutStep(id="2", name="news", resource="feed.news", params={"auth": BEARER}),
        task('test "$FILE" = "Bearer hunter22" && echo "file $FILE"; echo aHVudGVyMjI=', id="3", hooks=hooks),
        resources=[Resource(type="feed", name="news", params={"auth": TOKEN})],
        resource_types=[kind],
        inputs={"news": {"ref": "0"}},
        secrets=HUNTER,
        env={"FILE": BEARER},
    )
    assert record.end.reason == ""
    assert record.log("1") == b'pull *** ["a","***"]\n'
    assert record.log("2").startswith(b"push Bearer ***\n")
    assert record.log("3") == b"file Bearer ***\n***\n"
    assert record.log("3/on_success/1") == b"hook\n"
    assert "hunter22" not in everything(room)


def test_a_check_reads_secrets_and_no_version_may_hold_one(room: Room) -> None:
    feed = Resource(type="feed", name="news", params={"auth": BEARER})
    kind = ResourceType(name="feed", check=sh("""echo "[{\\"size\\": \\"${#param_auth} ${#A}\\"}]" """))
    assert room.check(feed, kind, secrets=HUNTER, env={"A": TOKEN}).versions == [{"size": "15 8"}]
    leak = ResourceType(name="feed", check=sh("""echo "[{\\"auth\\": \\"$param_auth\\"}]" """))
    result = room.check(feed, leak, secrets=HUNTER)
    assert (result.versions, result.error) == ([], "the version contains a secret, and everybody can see versions")
    failing = ResourceType(name="feed", check=sh('echo "no $param_auth" >&2; exit 3'))
    assert room.check(feed, failing, secrets=HUNTER).error == "the check failed: exit status 3: no Bearer ***"


def test_each_step_and_attempt_reads_anew_and_only_what_it_uses(room: Room, tmp_path: Path) -> None:
    count = tmp_path / "count"
    secrets = from_command(f"""echo x >> {count}; printf '{{"token": "value-%s"}}' $(wc -l < {count})""")
    show = 'echo "$A" > seen; rev seen; test -e {0} || {{ touch {0}; exit 1; }}'.format(tmp_path / "tried")
    record = room.run_job(
        task("echo nothing"),
        task(show, id="2", name="u", env={"A": TOKEN, "B": TOKEN}, attempts=2),
        task("rev seen", id="3", name="v", env={"A": TOKEN}),
        secrets=secrets,
    )
    assert record.log("2").startswith(b"1-eulav\n")
    assert b"2-eulav\n" in record.log("2")
    assert (record.end.reason, count.read_text()) == ("", "x\n" * 3)


def test_what_runs_no_command_reads_no_secret_for_one(room: Room) -> None:
    broken = from_command("exit 1")
    tick = ResourceType(name="cron", builtin="cron")
    assert room.check(Resource(type="cron", name="c"), tick, secrets=broken, env={"A": TOKEN}).error == ""
    kind = ResourceType(name="feed", check=sh("echo []"))
    failed = room.check(Resource(type="feed", name="f"), kind, secrets=broken, env={"A": TOKEN})
    assert failed.error == "no value for var.token from mine: its get command failed: exit status 1"


def test_what_a_build_exports_is_no_text_of_the_plan(room: Room) -> None:
    fake = f'{FORM}[{{"var":"token"}}]'
    record = room.run_job(
        task(f"printf '%s\\n' 'X={fake}' > $PIKOCI_OUTPUT"),
        task('echo "$TASK_T_X $LITERAL"', id="2", name="u", env={"LITERAL": plain(fake)}),
        secrets=HUNTER,
    )
    assert record.log("2").decode() == f"{fake} {fake}\n"


def test_a_secret_is_masked_in_a_password_of_an_address(room: Room, tmp_path: Path) -> None:
    repo = Resource(
        type="git",
        name="r",
        params={"url": compose(["http://me:", SecretReference("token"), "@127.0.0.1:1/x.git"])},
    )
    secrets = from_command("""echo '{"token": "hun%2Fter22"}'""")
    result = room.check(repo, ResourceType(name="git", builtin="git"), secrets=secrets)
    assert result.error
    assert "ter22" not in result.error


def test_a_chain_is_read_in_the_order_of_its_needs(room: Room, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text('# where\nexport PLACE="b"\n')
    (tmp_path / "b.yaml").write_text("name: token\nport: 0123\n")
    (tmp_path / "c.json").write_text('{"token": "deep-secret", "port": 5432}')
    variables = [
        SecretVariable(
            name="token", secret_type="file", path=str(tmp_path / "c.json"), key=compose([SecretReference("name")])
        ),
        SecretVariable(
            name="name",
            secret_type="file",
            path=compose([f"{tmp_path}/", SecretReference("place"), ".yaml"]),
            key="name",
        ),
        SecretVariable(name="place", secret_type="file", path=f"{tmp_path}/a.env", key="PLACE"),
        SecretVariable(name="port", secret_type="file", path=f"{tmp_path}/c.json", key="port", type="number"),
        SecretVariable(name="zero", secret_type="file", path=f"{tmp_path}/b.yaml", key="port"),
    ]
    secrets = Secrets(variables=variables, types=[SecretType(name="file", builtin="file")])
    env = {name.upper(): compose([SecretReference(name)]) for name in ("token", "port", "zero")}
    record = room.run_job(task('echo "$TOKEN $PORT $ZERO" | rev', env=env), secrets=secrets)
    assert record.log() == b"3210 2345 terces-peed\n"


@pytest.mark.parametrize(
    ("script", "variable", "reason"),
    [
        ("echo hunter22 >&2; echo hunter22; exit 3", {}, "its get command failed: exit status 3"),
        ("echo hunter22", {}, "the last line of its get command holds no JSON object"),
        ("true", {}, "the last line of its get command holds no JSON object"),
        ("""echo '["hunter22"]'""", {}, "the last line of its get command holds no JSON object"),
        ("""echo '{"tokn": "hunter22"}'""", {}, 'the secret has no key "token"'),
        ("""echo '{"token": null}'""", {}, 'the secret has no key "token"'),
        ("""echo '{"token": "hunter22"}'""", {"type": "number"}, 'the value at the key "token" is no number'),
        (
            """echo '{"token": "hunter22"}'""",
            {"type": "bool"},
            'the value at the key "token" is no bool: true or false',
        ),
        ("yes hunter22", {}, "its get command holds more than 1048576 bytes"),
    ],
)
def test_a_command_that_gives_no_secret_fails_the_step_and_shows_nothing(
    room: Room, script: str, variable: dict[str, str], reason: str
) -> None:
    record = room.run_job(task("echo never", env={"A": TOKEN}), secrets=from_command(script, **variable))
    assert (record.end.status, record.end.reason) == ("failed", f'task "t": no value for var.token from mine: {reason}')
    assert record.log() == b""
    assert "hunter22" not in everything(room)


def test_a_command_of_a_type_sees_its_configuration_and_nothing_of_env(room: Room) -> None:
    script = """printf '{"token": "%s,%s,%s,%s"}' "$param_region" "$param_path" "$FILE" "$WORKDIR" | tr -d '\\n'"""
    record = room.run_job(task('echo "$A" | rev', env={"A": TOKEN}), secrets=from_command(script), env={"FILE": "x"})
    assert record.log().decode().strip()[::-1].startswith("eu,app,,/")


@pytest.mark.parametrize(
    ("make", "config", "reason"),
    [
        (lambda path: None, {}, "cannot be read: No such file"),
        (lambda path: path.mkdir(), {}, "cannot be read: Is a directory"),
        (
            lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 300_000),
            {},
            "holds more than 262144 bytes",
        ),
        (lambda path: path.write_bytes(b"\xff"), {}, "is no text in UTF-8"),
        (lambda path: path.write_text("hunter22"), {"format": "json"}, "holds no JSON object"),
        (lambda path: path.write_text("- hunter22"), {"format": "yaml"}, "holds no YAML mapping"),
        (lambda path: path.write_text("a: [hunter22"), {"format": "yaml"}, "holds no YAML mapping"),
    ],
)
def test_a_file_that_gives_no_secret_fails_the_step(
    room: Room, tmp_path: Path, make: object, config: dict[str, str], reason: str
) -> None:
    path = tmp_path / "secret"
    make(path)  # type: ignore[operator] # one of the above
    record = room.run_job(task("echo never", env={"A": TOKEN}), secrets=from_file(path, **config))
    start = f'task "t": no value for var.token from file: the file "{path}" '
    assert (record.end.status, record.end.reason.startswith(start + reason)) == ("failed", True), record.end.reason
    assert "hunter22" not in everything(room)


def test_a_file_that_never_ends_is_left_when_the_step_is_timed_out(room: Room, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    record = room.run_job(task("true", env={"A": TOKEN}, timeout=0.3), secrets=from_file(tmp_path / "fifo"))
    assert (record.end.status, record.end.reason) == ("failed", 'task "t" timed out after 300ms')


def test_a_file_is_read_by_a_command_as_a_task_would_and_never_by_the_worker(room: Room) -> None:
    record = room.run_job(
        task('echo "$A" | tr ac AC', env={"A": TOKEN}), secrets=from_file("/proc/self/comm", "content")
    )
    assert record.log() == b"CAt\n\n"


def test_no_command_line_shows_a_path_that_is_secret(room: Room, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hunter22")
    variables = [
        SecretVariable(name="token", secret_type="file", key="content", path=compose([SecretReference("where")])),
        SecretVariable(name="where", secret_type="mine", key="path"),
    ]
    mine = SecretType(name="mine", get=sh(f"""echo '{{"path": "{tmp_path}/hunter22"}}'"""))
    secrets = Secrets(variables=variables, types=[mine, SecretType(name="file", builtin="file")])
    record = room.submit(task('echo "$A" | rev', env={"A": TOKEN}), secrets=secrets)
    wait_until(lambda: any("secret_path" in line for line in command_lines()))
    assert not any("hunter22" in line for line in command_lines())
    (tmp_path / "hunter22").write_text("abc")
    wait_until(lambda: record.ended)
    assert record.log() == b"cba\n"


def command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return found


def test_a_value_that_fits_in_no_variable_is_a_reason(room: Room) -> None:
    secrets = from_command("""head -c 140000 /dev/zero | tr '\\0' x | sed 's/.*/{"token": "&"}/'""")
    record = room.run_job(task("true", env={"A": TOKEN}), secrets=secrets)
    assert (record.end.status, record.end.reason) == (
        "failed",
        'task "t": "A" and its value are longer than 131,071 bytes, the most that Linux hands over',
    )


def test_a_text_that_no_program_can_be_given_is_the_fault_of_the_secret(room: Room) -> None:
    secrets = from_command("""cat <<'END'\n{"token": "a\\u0000b"}\nEND""")
    exec_ = TaskStep(id="1", name="t", run=Command(runner="exec", params={"path": "echo", "args": [TOKEN]}))
    kind = ResourceType(name="feed", pull=sh("true"))
    get = GetStep(id="1", name="t", resource="feed.f")
    feed = Resource(type="feed", name="f", params={"a": TOKEN})
    ends = [
        room.run_job(exec_, secrets=secrets).end,
        room.run_job(task("true", env={"A": TOKEN}), secrets=secrets).end,
        room.run_job(get, resources=[feed], resource_types=[kind], inputs={"t": {"r": "1"}}, secrets=secrets).end,
    ]
    assert [str(end.status) for end in ends] == ["failed"] * 3, ends
    assert all("NUL" in end.reason for end in ends), ends


def test_a_plan_without_the_store_is_the_fault_of_ours(room: Room) -> None:
    record = room.run_job(task("true", env={"A": TOKEN}))
    assert (record.end.status, record.end.reason) == (
        "errored",
        'task "t": the plan does not say where to read var.token',
    )
    newer = Secrets(variables=HUNTER.variables, types=[SecretType(name="mine", builtin="cloud")])
    record = room.run_job(task("true", env={"A": TOKEN}), secrets=newer)
    assert (record.end.status, record.end.reason) == (
        "errored",
        'task "t": this worker has no built-in secret type "cloud"; it may be too old',
    )
