"""Messages that a build sends: by steps and by its end, with commands and built-in types, and what goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pikoci.internal.domain.events import BuildReturned, StepStarted
from pikoci.internal.domain.plan import (
    Command,
    Hook,
    Hooks,
    InParallelStep,
    Notification,
    NotificationType,
    NotifyStep,
    RunnerType,
    TaskStep,
)
from pikoci.internal.worker.notifications import chat
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.receiver import Receiver, receiving
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room

SHOW = 'printf "%s|" "$param_to" "$notify_color" "$NOTIFY_MESSAGE" "$BUILD_JOB_NAME" "$BUILD_STATUS"'
CUSTOM = NotificationType(name="own", notify=sh(SHOW))


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path, notify_pauses=(0.01, 0.02), notify_timeout=20.0) as found:
        yield found
    assert not list((tmp_path / "work" / "builds").glob("*"))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with receiving(receiver) as found:
        yield found


def own(**more: Any) -> Notification:
    return Notification(type="own", name="n", params={"to": "them"}, **more)


def slack(url: str, **more: Any) -> Notification:
    return Notification(type="slack", name="n", params={"webhook_url": url}, **more)


def step(notification: str = "own.n", id: str = "9", **more: Any) -> NotifyStep:  # noqa: A002 - as the plan calls it
    return NotifyStep(id=id, name="n", notification=notification, **more)


def with_own(*notifications: Notification) -> dict[str, Any]:
    return {"notifications": list(notifications), "notification_types": [CUSTOM]}


def test_a_step_runs_the_command_of_its_type(room: Room) -> None:
    record = room.run_job(step(message="hi", params={"color": "red"}), **with_own(own(message="else")))
    assert record.end.status == "succeeded"
    assert record.log("9") == b"them|red|hi|unit||"
    assert [event.kind for event in record.events if isinstance(event, StepStarted)] == ["notify"]


def test_one_that_cannot_send_stops_nothing_beside_it(room: Room) -> None:
    quick = step("own.n", "1/1")
    block = InParallelStep(id="1", name="", steps=[quick, task("sleep 0.5", id="1/2")], fail_fast=True)
    kind = NotificationType(name="own", notify=sh("exit 1"))
    record = room.run_job(block, notifications=[own()], notification_types=[kind])
    assert record.steps() == {"1": "succeeded", "1/1": "failed", "1/2": "succeeded"}


def test_the_message_of_the_notification_goes_out_if_the_step_has_none(room: Room) -> None:
    record = room.run_job(step(), **with_own(own(message="Tom & Jerry's $HOME costs $5")))
    assert record.log("9") == b"them||Tom & Jerry's $HOME costs $5|unit||"


def test_what_the_build_found_out_is_filled_in_once(room: Room) -> None:
    found = task("echo 'A=$BUILD_ID' >> $PIKOCI_OUTPUT", name="t")
    message = "#$BUILD_NUMBER ${BUILD_TEAM_NAME}: $TASK_T_A, '$GET_NO_REF' $OTHER"
    record = room.run_job(found, step(message=message), env={"OTHER": "x"}, **with_own(own()))
    assert record.log("9") == b"them||#3.1 main: $BUILD_ID, '' $OTHER|unit||"


def test_a_hook_of_a_job_tells_the_status(room: Room) -> None:
    hooks = Hooks(on_failure=[Hook(id="on_failure/1", steps=[step(id="on_failure/1/1", message="$BUILD_STATUS!")])])
    record = room.run_job(task("exit 1"), hooks=hooks, **with_own(own()))
    assert record.log("on_failure/1/1") == b"them||failed!|unit|failed|"


def test_a_runner_of_the_pipeline_sends(room: Room) -> None:
    runner = RunnerType(name="say", path="/bin/sh", args=["-c", 'printf "%s" "$NOTIFY_MESSAGE $level $0"', "$level"])
    kind = NotificationType(name="own", notify=Command(runner="say", params={"level": 3}))
    record = room.run_job(step(message="hi"), notifications=[own()], notification_types=[kind], runner_types=[runner])
    assert record.log("9") == b"hi 3 3"


def test_a_step_that_cannot_send_fails_alone(room: Room) -> None:
    kind = NotificationType(name="own", notify=sh("exit 3"))
    sends = step(id="1", attempts=2, hooks=Hooks(on_failure=[Hook(id="1/on_failure/1", command=sh("echo hook"))]))
    record = room.run_job(sends, task("echo on", id="2"), notifications=[own()], notification_types=[kind])
    assert record.end.status == "succeeded"
    assert record.end.reason == ""
    assert record.steps() == {"1": "failed", "1/on_failure/1": "succeeded", "2": "succeeded"}
    assert record.reason("1") == "exit status 3"
    assert b"attempt 2/2" in record.log("1")


@pytest.mark.parametrize(
    ("command", "status", "event"),
    [
        (sh("true"), "succeeded", "success"),
        (sh("exit 1"), "failed", "failure"),
        (Command(runner="nowhere"), "errored", "error"),
    ],
)
def test_the_end_of_a_build_sends_what_asks_for_it(room: Room, command: Command, status: str, event: str) -> None:
    asked = [own(on=[name], message=name) for name in ("success", "failure", "cancel", "error", "all")]
    named = [
        msgspec.structs.replace(found, name=found.on[0], message=f"{found.message}, $BUILD_STATUS") for found in asked
    ]
    kind = NotificationType(name="own", notify=sh('echo "$NOTIFY_MESSAGE $BUILD_STATUS"'))
    step = TaskStep(id="1", name="t", run=command)
    record = room.run_job(step, notifications=[*named, own()], notification_types=[kind])
    assert record.end.status == status
    assert record.log("notify/1").decode() == f"{event}, {status} {status}\n"
    assert record.log("notify/2").decode() == f"all, {status} {status}\n"
    assert "notify/3" not in record.started()


def test_a_failure_that_the_job_allows_is_told_as_a_warning_and_counts_as_a_success(room: Room) -> None:
    asked = [own(on=["success"], message="fine"), own(on=["failure"], message="bad")]
    record = room.run_job(task("exit 1"), allow_failure=True, **with_own(*asked))
    assert record.log("notify/1") == b"them||fine|unit|warning|"
    assert "notify/2" not in record.started()


def test_it_comes_after_the_hooks_and_sees_what_they_and_the_steps_exported(room: Room) -> None:
    exports = task("echo A=1 >> $PIKOCI_OUTPUT", name="t")
    hooks = Hooks(ensure=[Hook(id="ensure/1", command=sh("true"))])
    record = room.run_job(exports, hooks=hooks, **with_own(own(on=["all"], message="A is $TASK_T_A, $BUILD_STATUS")))
    assert record.started() == ["1", "ensure/1", "notify/1"]
    assert record.log("notify/1") == b"them||A is 1, succeeded|unit|succeeded|"


def test_jobs_that_it_does_not_cover_send_nothing(room: Room) -> None:
    others = [own(on=["all"], jobs=["other"]), own(on=["all"], exclude=["unit"]), own(on=["all"], jobs=[])]
    assert room.run_job(task("true"), **with_own(*others)).started() == ["1"]


def test_a_cancelled_build_tells_so(room: Room) -> None:
    record = room.submit(task("echo up; sleep 600"), **with_own(own(on=["cancel"])))
    wait_until(lambda: b"up" in record.log())
    room.worker._builds.cancel_all("enough", 30.0)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert record.log("notify/1") == b"them|||unit|cancelled|"


def test_a_cancellation_while_it_is_sent_changes_nothing_any_more(room: Room) -> None:
    kind = NotificationType(name="own", notify=sh("echo up; sleep 1; echo sent"))
    record = room.submit(task("true"), notifications=[own(on=["all"])], notification_types=[kind])
    wait_until(lambda: b"up" in record.log())
    room.worker._builds.cancel_all("enough", 30.0)
    wait_until(lambda: record.ended)
    assert record.end.status == "succeeded"
    assert b"sent" in record.log("notify/1")


def test_a_claim_that_is_given_back_meanwhile_has_no_end(room: Room) -> None:
    kind = NotificationType(name="own", notify=sh("echo up; sleep 600"))
    record = room.submit(task("true"), notifications=[own(on=["all"])], notification_types=[kind])
    wait_until(lambda: b"up" in record.log())
    room.worker._builds.give_back_all("drained")
    wait_until(lambda: record.ended)
    assert isinstance(record.last, BuildReturned)


def test_what_is_down_for_a_moment_is_tried_again(room: Room, receiver: Receiver, address: str) -> None:
    record = room.run_job(task("true"), notifications=[slack(f"{address}/flaky/1", on=["all"], message="hi")])
    assert [json.loads(request.body) for request in receiver.requests] == [{"text": "hi"}] * 3
    assert record.steps()["notify/1"] == "succeeded"


def test_what_stays_down_is_tried_three_times_and_changes_nothing(room: Room, receiver: Receiver, address: str) -> None:
    secret = f"{address}/broken/T00/B00/vErysEcrEt"
    masks = [secret, "/broken/T00/B00/vErysEcrEt"]
    record = room.run_job(task("true"), notifications=[slack(secret, on=["all"])], masks=masks)
    assert len(receiver.requests) == 3
    assert (record.end.status, record.end.reason) == ("succeeded", "")
    assert record.steps()["notify/1"] == "failed"
    assert record.reason("notify/1") == "the server answered 500: [31mno luck with ***"
    assert b"vErysEcrEt" not in record.log()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/secret-path", "the connection failed: Connection refused"),
        ("ftp://127.0.0.1/secret-path", "the address begins with neither https:// nor http://"),
        ("file:///etc/passwd", "the address begins with neither https:// nor http://"),
        ("http://[secret-path/", "the address is not valid"),
        ("http://127.0.0.1:1/secret path", "the address is not valid"),
        ("http://127.0.0.1:x/secret-path", "the address is not valid"),
        ("http://secret-path\u00e9\ud800/", "the address is not valid"),
        ("{}/moved/secret-path", "the server answered 302, and redirects are not followed"),
    ],
)
def test_an_address_that_leads_nowhere_is_not_shown(room: Room, address: str, url: str, reason: str) -> None:
    record = room.run_job(step("slack.n"), notifications=[slack(url.replace("{}", address))])
    assert record.end.status == "succeeded"
    assert record.reason("9") == reason
    assert b"secret" not in record.log()


def test_a_redirect_is_not_followed(room: Room, receiver: Receiver, address: str) -> None:
    room.run_job(step("slack.n"), notifications=[slack(f"{address}/moved/1")])
    assert [request.path for request in receiver.requests] == ["/moved/1"]


def test_a_silent_server_is_given_up(room: Room, address: str) -> None:
    record = room.run_job(step("slack.n", timeout=0.2), notifications=[slack(f"{address}/silent/1")])
    assert record.reason("9") == "timed out after 200ms"


def test_a_cancellation_ends_the_wait(room: Room, receiver: Receiver, address: str) -> None:
    record = room.submit(step("slack.n"), task("true", id="10"), notifications=[slack(f"{address}/silent/1")])
    wait_until(lambda: receiver.requests)
    room.worker._builds.cancel_all("enough", 30.0)
    wait_until(lambda: record.ended, 8)
    assert record.end.status == "cancelled"
    assert record.steps() == {"9": "cancelled", "10": "skipped"}


def test_there_is_a_pause_before_another_try(tmp_path: Path, receiver: Receiver, address: str) -> None:
    with worker_room(tmp_path, notify_pauses=(600.0,)) as room:
        record = room.submit(step("slack.n", attempts=2), notifications=[slack(f"{address}/broken/1")])
        wait_until(lambda: b"attempt 1/2 did not succeed" in record.log())
        room.worker._builds.cancel_all("enough", 30.0)
        wait_until(lambda: record.ended)
        assert record.end.status == "cancelled"
        assert len(receiver.requests) == 1


def test_a_server_is_believed_only_with_a_certificate_that_is_trusted(
    room: Room, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificates(tmp_path)
    with receiving(receiver, tmp_path) as url:
        refused = room.run_job(step("slack.n"), notifications=[slack(f"{url}/ok/1")])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY))
        sent = room.run_job(step("slack.n"), notifications=[slack(f"{url}/ok/2")])
    assert refused.reason("9").startswith("the server's certificate is not trusted: ")
    assert sent.steps()["9"] == "succeeded"
    assert [request.path for request in receiver.requests] == ["/ok/2"]


def test_an_answer_without_end_is_not_read(room: Room, address: str) -> None:
    record = room.run_job(step("slack.n"), notifications=[slack(f"{address}/huge/1")], seconds=10)
    assert record.steps()["9"] == "succeeded"


def test_what_others_wrote_cannot_ping_people(room: Room, receiver: Receiver, address: str) -> None:
    found = task("echo 'A=<!channel> & @here' >> $PIKOCI_OUTPUT", name="t")
    discord = Notification(type="discord", name="n", params={"webhook_url": f"{address}/ok/d"})
    room.run_job(
        found,
        step("slack.n", message="<https://x|x> $TASK_T_A"),
        step("discord.n", id="10", message="${TASK_T_A}" + "x" * 3000),
        notifications=[slack(f"{address}/ok/s"), discord],
    )
    first, second = (json.loads(request.body) for request in receiver.requests)
    assert first == {"text": "<https://x|x> &lt;!channel&gt; &amp; @here"}
    assert second["allowed_mentions"] == {"parse": []}
    assert len(second["content"]) == 2000


def test_bytes_that_are_no_text_are_sent_as_well_as_can_be(room: Room, receiver: Receiver, address: str) -> None:
    found = task("printf 'A=\\377\\n' >> $PIKOCI_OUTPUT", name="t")
    record = room.run_job(found, step("slack.n", message="<$TASK_T_A>"), notifications=[slack(f"{address}/ok/s")])
    assert (record.end.status, record.steps()["9"]) == ("succeeded", "succeeded")
    assert json.loads(receiver.requests[0].body) == {"text": "<\ufffd>"}


def test_a_mistake_in_the_sending_is_not_the_builds(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "post", None)
    record = room.run_job(task("true"), notifications=[slack("http://127.0.0.1:1/", on=["all"])])
    assert record.end.status == "succeeded"
    assert record.reason("notify/1") == "an error inside the worker: TypeError"


def test_a_worker_that_ends_at_once_waits_for_no_message(room: Room, receiver: Receiver, address: str) -> None:
    record = room.submit(task("echo up; sleep 600"), notifications=[slack(f"{address}/silent/1", on=["cancel"])])
    wait_until(lambda: b"up" in record.log())
    room.worker.cancel_all("bye")
    wait_until(lambda: record.ended, 8)
    assert record.end.status == "cancelled"
    assert record.reason("notify/1") == "the notifications timed out after 900ms"


def test_a_message_holds_no_secret(room: Room, receiver: Receiver, address: str) -> None:
    found = task("echo 'A=hunter22' >> $PIKOCI_OUTPUT", name="t")
    record = room.run_job(
        found,
        step("slack.n", message="hunter22 $TASK_T_A"),
        step("own.n", id="10", message="hunter22 $TASK_T_A"),
        notifications=[slack(f"{address}/ok/s"), own()],
        notification_types=[NotificationType(name="own", notify=sh('test "$NOTIFY_MESSAGE" = "*** ***"'))],
        masks=["hunter22"],
    )
    assert json.loads(receiver.requests[0].body) == {"text": "*** ***"}
    assert record.steps()["10"] == "succeeded"


def test_without_a_message_the_build_is_named(room: Room, receiver: Receiver, address: str) -> None:
    room.run_job(task("exit 1"), notifications=[slack(f"{address}/ok/s", on=["failure"])])
    assert json.loads(receiver.requests[0].body) == {"text": "[app/unit] Build #3.1 failed\nhttp://ci/b/1"}


def test_a_webhook_tells_of_the_build_and_is_signed(room: Room, receiver: Receiver, address: str) -> None:
    hook = Notification(
        type="webhook", name="n", params={"url": f"{address}/flaky/w", "secret": "kéy"}, on=["all"], message="hi"
    )
    room.run_job(task("exit 1"), notifications=[hook])
    bodies = [json.loads(request.body) for request in receiver.requests]
    sent_at = bodies[0].pop("sent_at")
    assert sent_at.endswith("+00:00")
    assert bodies[0] == {
        "notification": "webhook.n",
        "delivery": "1-1-notify/1",
        "message": "hi",
        "status": "failed",
        "team": "main",
        "pipeline": "app",
        "job": "unit",
        "build": "3.1",
        "build_id": 1,
        "url": "http://ci/b/1",
    }
    for request in receiver.requests:
        wanted = hmac.new("kéy".encode(), request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-hub-signature-256"] == f"sha256={wanted}"
        assert request.headers["x-pikoci-delivery"] == "1-1-notify/1"
    assert len(receiver.requests) == 3


def test_a_type_that_this_worker_does_not_have_is_named(room: Room) -> None:
    record = room.run_job(step("pager.n"), notifications=[Notification(type="pager", name="n")])
    assert record.end.status == "succeeded"
    assert record.reason("9") == 'this worker has no built-in notification type "pager"; it may be too old'


def test_a_notification_that_the_plan_does_not_hold_is_named(room: Room) -> None:
    record = room.run_job(step("slack.x"), task("true"))
    assert record.reason("9") == 'the plan names the notification "slack.x" but does not hold it'
    assert record.steps()["1"] == "succeeded"
