"""Logs whole and in ranges, and events as they are written."""

import base64
import json

import gevent
import pytest

from pikoci.internal.api.endpoints.events import encode
from pikoci.internal.api.endpoints.logs import PIECE, read_range, stream
from pikoci.internal.domain.build import LogChunk
from pikoci.internal.service.use_cases.views import BuildUpdate
from tests.unit.internal.api.scene import PIPELINE, Scene

LOG = "jobs/free/builds/1/log"


def test_a_whole_log_is_plain_text(scene: Scene) -> None:
    scene.finished([b"one\n", b"two \xff\n"])
    answer = scene.call("GET", LOG)
    assert (answer.status_code, answer.content) == (200, b"one\ntwo \xff\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == "10"


def test_an_empty_log_is_empty(scene: Scene) -> None:
    scene.trigger()
    answer = scene.call("GET", LOG)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("header", "expected", "place"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-30", b"0123456789", "bytes 0-9/10"),
        ("bytes=4-900", b"456789", "bytes 4-9/10"),
    ],
)
def test_a_range_is_a_part(scene: Scene, header: str, expected: bytes, place: str) -> None:
    scene.finished([b"012", b"34", b"56789"])
    answer = scene.call("GET", LOG, headers={"Range": header})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == place


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=11-12", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_after_the_end_is_refused(scene: Scene, header: str) -> None:
    scene.finished([b"0123456789"])
    answer = scene.call("GET", LOG, headers={"Range": header})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.json["detail"] == "the log has 10 bytes now"


@pytest.mark.parametrize(
    "header", ["bytes=3-1", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "bytes=a-b", "bytes=" + "1" * 30]
)
def test_an_odd_range_gets_the_whole(header: str) -> None:
    assert read_range(header, 10) is None


def test_a_conditional_range_gets_the_whole(scene: Scene) -> None:
    scene.finished([b"0123456789"])
    answer = scene.call("GET", LOG, headers={"Range": "bytes=1-2", "If-Range": '"x"'})
    assert (answer.status_code, len(answer.content)) == (200, 10)


def test_head_tells_the_size_only(scene: Scene) -> None:
    scene.finished([b"0123456789"])
    answer = scene.call("HEAD", LOG)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "10")


def test_a_large_log_crosses_the_pieces(scene: Scene) -> None:
    pieces = [bytes([65 + number]) * 300_000 for number in range(5)]
    scene.finished(pieces)
    whole = b"".join(pieces)
    assert scene.call("GET", LOG).content == whole
    assert scene.call("GET", LOG, headers={"Range": "bytes=299990-900010"}).content == whole[299_990:900_011]


def test_a_deleted_log_is_not_an_empty_one(scene: Scene) -> None:
    build, store = scene.finished([b"0123456789"]), scene.services.context.store
    with store.transaction():
        while store.logs.delete_some([build]):
            pass
    answer = scene.call("GET", LOG)
    assert answer.status_code == 404
    assert answer.json["detail"] == "the log of this build was deleted"


def test_logs_of_private_pipelines_stay_private(scene: Scene) -> None:
    scene.finished()
    assert scene.anonymous("GET", f"{PIPELINE}/{LOG}").status_code in {401, 404}
    assert scene.anonymous("GET", f"{PIPELINE}/jobs/free/builds/1/events").status_code in {401, 404}


def _events(text: str) -> list[tuple[str, str, object]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        if fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


def test_events_of_an_ended_build_tell_all_and_end(scene: Scene) -> None:
    scene.finished([b"one\n", b"two\n"])
    answer = scene.call("GET", "jobs/free/builds/1/events")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = _events(answer.text)
    kinds = [kind for kind, _, _ in events]
    assert (kinds[0], kinds[-1]) == ("status", "end")
    log = "".join(data["text"] for kind, _, data in events if kind == "log")  # type: ignore[index] # JSON
    assert log == "one\ntwo\n"
    assert [at for kind, at, _ in events if kind == "log"][-1] == "8"


@pytest.mark.parametrize("way", ["header", "query"])
def test_events_go_on_from_an_offset(scene: Scene, way: str) -> None:
    scene.finished([b"one\n", b"two\n"])
    headers = {"Last-Event-ID": "5"} if way == "header" else {}
    query = "offset=5" if way == "query" else ""
    answer = scene.call("GET", "jobs/free/builds/1/events", headers=headers, query_string=query)
    log = [data for kind, _, data in _events(answer.text) if kind == "log"]
    assert [(piece["offset"], piece["text"]) for piece in log] == [(5, "wo\n")]  # type: ignore[index] # JSON


@pytest.mark.parametrize("last", ["-1", "x", "1e3", "9" * 40])
def test_an_offset_that_cannot_be_is_refused(scene: Scene, last: str) -> None:
    scene.finished([b"one\n", b"two\n"])
    answer = scene.call("GET", "jobs/free/builds/1/events", headers={"Last-Event-ID": last})
    assert answer.status_code == 400


def test_bytes_that_are_no_text_survive_events() -> None:
    chunk = LogChunk(offset=0, step="1", claim=1, at=0.0, data=b"\xe2\x82")
    [(_, at, data)] = _events(encode(BuildUpdate(chunks=[chunk]), "main", "demo").decode())
    assert at == "2"
    assert base64.b64decode(data["base64"]) == b"\xe2\x82"  # type: ignore[index] # JSON


def test_line_ends_in_logs_do_not_break_events() -> None:
    chunk = LogChunk(offset=0, step="1", claim=1, at=0.0, data=b"a\r\n\ndata: b\x00\x1b[0m")
    [(_, _, data)] = _events(encode(BuildUpdate(chunks=[chunk]), "main", "demo").decode())
    assert data["text"] == "a\r\n\ndata: b\x00\x1b[0m"  # type: ignore[index] # JSON


def test_others_have_their_turn_between_the_pieces_of_a_log(scene: Scene) -> None:
    build, turns = scene.finished([b"x" * PIECE] * 3), list[int]()
    pieces = stream(scene.services.builds, build, 0, 3 * PIECE, scene.services.builds.read_log(build, 0, PIECE))
    gevent.spawn(turns.append, 1)
    assert sum(map(len, pieces)) == 3 * PIECE
    assert turns == [1]


def test_a_log_that_is_deleted_while_it_is_read_breaks_the_connection(scene: Scene) -> None:
    build, store = scene.finished([b"x" * PIECE, b"y" * PIECE, b"z"]), scene.services.context.store
    first = scene.services.builds.read_log(build, 0, PIECE)
    pieces = stream(scene.services.builds, build, 0, 2 * PIECE + 1, first)
    assert next(pieces) == b"x" * PIECE
    with store.transaction():
        while store.logs.delete_some([build]):
            pass
    with pytest.raises(ConnectionResetError):
        list(pieces)
