"""Resource types that a pipeline defines by commands."""

from __future__ import annotations

import msgspec
import pytest

from pikoci.internal.domain.plan import Command, GetStep, PutStep, Resource, ResourceType, RunnerType
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until

RESOURCE = Resource(
    type="feed", name="news", params={"url": "http://x", "list": [1, "a"], "on": True, "token": "t0ken9"}
)


def feed(**commands: str) -> ResourceType:
    made = {kind: sh(script) for kind, script in commands.items()}
    return msgspec.structs.replace(ResourceType(name="feed"), **made)


def test_a_check_reads_what_is_printed(room: Room) -> None:
    result = room.check(
        RESOURCE, feed(check="""echo noise >&2; echo '[{"ref": "1"}, {"ref": "2", "n": {"a": [1]}}]'""")
    )
    assert result.error == ""
    assert result.versions == [{"ref": "1"}, {"ref": "2", "n": {"a": [1]}}]


def test_a_check_sees_params_and_the_previous_version(room: Room) -> None:
    script = """printf '[{"v":"%s %s %s %s"}]' "$version_ref" "$param_url" "$param_on" "${#param_list}" """
    assert room.check(RESOURCE, feed(check=script)).versions == [{"v": " http://x true 7"}]
    result = room.check(RESOURCE, feed(check=script), previous={"ref": "41"})
    assert result.versions == [{"v": "41 http://x true 7"}]


@pytest.mark.parametrize("output", ["", "[]", "  [] \n"])
def test_nothing_new_is_no_error(room: Room, output: str) -> None:
    result = room.check(RESOURCE, feed(check=f"printf '{output}'"))
    assert (result.error, result.versions) == ("", [])


@pytest.mark.parametrize("output", ["oops t0ken9", "{}", "[1]", '["a"]', '[{"a":1}', "[{}]", r"\377\376", "null"])
def test_garbage_is_one_clear_error(room: Room, output: str) -> None:
    result = room.check(RESOURCE, feed(check=f"printf '{output}'"), masks=["t0ken9"])
    assert result.versions == []
    assert "the check" in result.error
    assert "t0ken9" not in result.error
    assert "\n" not in result.error


def test_a_failing_check_says_why(room: Room) -> None:
    result = room.check(RESOURCE, feed(check="echo 'no route to t0ken9' >&2; exit 3"), masks=["t0ken9"])
    assert result.error == "the check failed: exit status 3: no route to ***"


def test_a_hanging_check_is_ended(room: Room) -> None:
    assert room.check(RESOURCE, feed(check="sleep 60"), timeout=0.2).error == "the check timed out after 200ms"


def test_too_much_output_is_ended(room: Room) -> None:
    assert "more than 16777216 bytes" in room.check(RESOURCE, feed(check="yes")).error


def test_too_many_versions_are_refused_and_hurt_nothing_else(room: Room) -> None:
    script = """printf '[{"n":0}'; seq 99999 | sed 's/.*/,{"n":&}/'; echo ']'"""
    result = room.check(RESOURCE, feed(check=script))
    assert "printed 100000 versions; at most 10000" in result.error
    assert room.check(RESOURCE, feed(check="echo '[]'")).error == ""


def test_checks_do_not_wait_behind_jobs(room: Room) -> None:
    record = room.submit(task("echo up; sleep 60"))
    wait_until(lambda: b"up" in record.log())
    assert room.check(RESOURCE, feed(check="echo '[]'")).error == ""


def test_the_result_of_a_check_waits_for_the_server(room: Room) -> None:
    room.gateway.away_for["finish_check"] = 3
    assert room.check(RESOURCE, feed(check="echo '[]'")).error == ""
    assert room.gateway.calls["finish_check"] == 4


def test_pull_fetches_a_version_into_the_work_directory(room: Room) -> None:
    record = room.run_job(
        GetStep(id="1", name="news", resource="feed.news", params={"url": "http://y"}),
        task("cat got", id="2"),
        resources=[RESOURCE],
        resource_types=[feed(pull='echo "$version_ref $version_meta_n $param_url $BUILD_ID" > got')],
        inputs={"news": {"ref": "7", "meta": {"n": 1}}},
    )
    assert record.log("2") == b"7 1 http://y 1\n"


def test_a_failing_pull_fails_the_build(room: Room) -> None:
    record = room.run_job(
        GetStep(id="1", name="news", resource="feed.news"),
        resources=[RESOURCE],
        resource_types=[feed(pull="echo gone >&2; exit 9")],
        inputs={"news": {"ref": "7"}},
    )
    assert record.end.status == "failed"
    assert record.end.reason == 'get "news": the pull failed: exit status 9'
    assert record.log() == b"gone\n"


def test_a_put_makes_the_version_on_its_last_line(room: Room) -> None:
    script = """echo "pushing $put_tag"; echo warn >&2; echo '{"ref": "9", "n": 1}'; echo"""
    record = room.run_job(
        PutStep(id="1", name="out", resource="feed.news", params={"tag": "v1"}),
        resources=[RESOURCE],
        resource_types=[feed(push=script)],
    )
    [made] = record.versions()
    assert (made.put, made.resource, made.version) == ("out", "feed.news", {"ref": "9", "n": 1})
    assert b"pushing v1\n" in record.log()
    assert b"warn\n" in record.log()


def test_a_put_makes_each_version_of_an_array_and_exports_the_last(room: Room) -> None:
    record = room.run_job(
        PutStep(id="1", name="my-out", resource="feed.news"),
        task('echo "$PUT_MY_OUT_REF $PUT_MY_OUT_N_A"', id="2"),
        resources=[RESOURCE],
        resource_types=[feed(push="""echo '[{"ref": "1"}, {"ref": "2", "n": {"a": "x"}}]'""")],
    )
    assert [made.version for made in record.versions()] == [{"ref": "1"}, {"ref": "2", "n": {"a": "x"}}]
    assert record.log("2") == b"2 x\n"


@pytest.mark.parametrize(
    "output", ["done", "done\\n", "{}", "[{}]", "[1]", '[{"a":1},2]', "3", "null", '{"a":1}\\nend', r"\377"]
)
def test_a_put_that_prints_anything_else_makes_no_version_and_says_so(room: Room, output: str) -> None:
    record = room.run_job(
        PutStep(id="1", name="out", resource="feed.news"),
        resources=[RESOURCE],
        resource_types=[feed(push=f"printf '{output}'")],
    )
    assert record.end.status == "succeeded"
    assert record.versions() == []
    assert record.log().endswith(
        b"\nthe last line that the push printed is no version: no JSON object, nor an array of them\n"
    )


@pytest.mark.parametrize("output", ["", "\\n", "[]"])
def test_a_put_that_prints_nothing_makes_no_version(room: Room, output: str) -> None:
    record = room.run_job(
        PutStep(id="1", name="out", resource="feed.news"),
        resources=[RESOURCE],
        resource_types=[feed(push=f"printf '{output}'")],
    )
    assert (record.end.status, record.versions()) == ("succeeded", [])
    assert b"no version" not in record.log()


def test_a_put_of_too_many_versions_fails(room: Room) -> None:
    script = """printf '['; seq -s, 10001 | sed 's/[0-9][0-9]*/{"n":&}/g' | tr -d '\\n'; echo ']'"""
    record = room.run_job(
        PutStep(id="1", name="out", resource="feed.news"), resources=[RESOURCE], resource_types=[feed(push=script)]
    )
    assert record.end.reason == 'put "out": the push printed 10001 versions; at most 10000 are allowed'
    assert record.versions() == []


def test_a_cached_resource_keeps_its_directory(room: Room) -> None:
    kind = feed(check="""echo x >> "$CACHE_DIR/n"; printf '[{"n":%d}]' $(wc -l < "$CACHE_DIR/n")""")
    cached = msgspec.structs.replace(RESOURCE, cache=True)
    assert room.check(cached, kind).versions == [{"n": 1}]
    assert room.check(cached, kind).versions == [{"n": 2}]


def test_a_resource_may_do_without_the_cache_of_its_type(room: Room) -> None:
    kind = msgspec.structs.replace(feed(check="""printf '[{"cache":"%s"}]' "$CACHE_DIR\""""), cache=True)
    assert room.check(RESOURCE, kind).versions == [{"cache": ""}]


def test_a_runner_of_the_pipeline_fills_in_its_template(room: Room) -> None:
    runner = RunnerType(
        name="wrap", path="/bin/sh", args=["-c", 'printf "[%s]" "$@"', "$name", "$WORKDIR/x", "$env", "$args"]
    )
    step = msgspec.structs.replace(
        task(""), run=Command(runner="wrap", params={"name": "n$args", "args": ["$name", "a b", "$WORKDIR"]})
    )
    record = room.run_job(
        task("echo SECRET=t0ken9 > $PIKOCI_OUTPUT; echo PLAIN=p >> $PIKOCI_OUTPUT", id="0", name="e"),
        step,
        runner_types=[runner],
        masks=["t0ken9"],
    )
    shown = record.log("1").decode()
    assert shown.endswith("[$name][a b][$WORKDIR]")
    assert "[-e][TASK_E_SECRET]" in shown
    assert "[-e][TASK_E_PLAIN=p]" in shown


def test_a_secret_that_the_pipeline_writes_into_arguments_arrives(room: Room) -> None:
    run = Command(runner="exec", params={"path": "sh", "args": ["-c", "echo ${#0}", "t0ken9"]})
    record = room.run_job(msgspec.structs.replace(task(""), run=run), masks=["t0ken9"])
    assert record.log() == b"6\n"


def test_a_script_is_in_a_private_file_and_not_on_the_command_line(room: Room) -> None:
    record = room.run_job(task("tr '\\0' ' ' < /proc/$$/cmdline; stat -c %a $0; : t0ken9"), masks=["t0ken9"])
    assert b"/bin/sh -e " in record.log()
    assert b"***" not in record.log()
    assert record.log().endswith(b" 600\n")


def test_a_shell_script_stops_at_the_first_failure(room: Room) -> None:
    record = room.run_job(task("false; echo on"))
    assert record.end.status == "failed"
    assert record.log() == b""


def test_a_script_file_runs_by_its_own_first_line_or_the_given_shell(room: Room) -> None:
    write = "printf '#!/bin/cat\\nhello\\n' > s; chmod +x s"
    by_line = msgspec.structs.replace(task("", id="2"), run=Command(runner="shell", params={"file": "s"}))
    by_shell = msgspec.structs.replace(
        task("", id="3"), run=Command(runner="shell", params={"file": "s", "shell": "tail -n 1"})
    )
    record = room.run_job(task(write), by_line, by_shell)
    assert record.log("2") == b"#!/bin/cat\nhello\n"
    assert record.log("3") == b"hello\n"
