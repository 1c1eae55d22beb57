"""Files that servers have: versions, downloads, uploads, and servers that are slow, large, lying or lead elsewhere."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from tests.services.certificates import make_certificates
from tests.unit.internal.worker.bench_room import Room, task, wait_until
from tests.unit.internal.worker.fake_gateway import Record

KIND = ResourceType(name="http", builtin="http")


class Files:
    """A server with one file, whose headers change with it."""

    def __init__(self) -> None:
        self.content = b"first\n"
        self.extra: list[tuple[str, str]] = []
        self.status = "200 OK"
        self.silent = False
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.sent: dict[str, bytes] = {}
        self.address = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """One answer."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name[:5] == "HTTP_"}
        self.asked.append((method, path, headers))
        if self.silent:
            gevent.sleep(600)
        if method != "GET":
            self.sent[path] = environ["wsgi.input"].read()
        tag = f'"{self.digest[:8]}"'
        if headers.get("if-none-match") == tag:
            start("304 Not Modified", [])
            return []
        named = [("ETag", tag), ("Last-Modified", f"Sat, 28 Nov 2026 21:00:{len(self.content):02} GMT")]
        start(self.status, self.extra or named)
        return [self.content]


@contextmanager
def serving(certificates: Path | None = None) -> Iterator[Files]:
    made, tls = Files(), {}
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        tls = {"ssl_context": context}
    server = WSGIServer(("127.0.0.1", 0), made, log=None, error_log=None, **tls)  # type: ignore[call-overload] # one of two
    server.start()
    made.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.stop(timeout=0.1)


@pytest.fixture
def files() -> Generator[Files]:
    with serving() as found:
        yield found


def resource(files: Files, path: str = "/tool.bin", **params: Any) -> Resource:
    return Resource(type="http", name="tool", params={"url": files.address + path, **params})


def check(room: Room, files: Files, previous: dict[str, object] | None = None, **params: Any) -> Any:
    return room.check(resource(files, **params), KIND, previous=previous)


def get(room: Room, found: Resource, version: dict[str, object], script: str = "true", **step: Any) -> Record:
    return room.run_job(
        GetStep(id="1", name="tool", resource="http.tool", **step),
        task(script, id="2"),
        resources=[found],
        inputs={"tool": version},
    )


def put(room: Room, found: Resource, make: str = "echo made > out", **params: Any) -> Record:
    step = PutStep(id="2", name="tool", resource="http.tool", params={"file": "out", **params})
    return room.run_job(task(make, id="1"), step, resources=[found])


@pytest.mark.parametrize(
    ("params", "version"),
    [
        ({}, {"sha256": hashlib.sha256(b'{"a": [{"b c": 1.5}]}').hexdigest()}),
        ({"version": "etag"}, {"etag": f'"{hashlib.sha256(b"""{"a": [{"b c": 1.5}]}""").hexdigest()[:8]}"'}),
        ({"version": "last-modified"}, {"last_modified": "Sat, 28 Nov 2026 21:00:21 GMT"}),
        ({"version_path": '$.a[0]["b c"]'}, {"version": "1.5"}),
    ],
)
def test_a_version_is_found_once_fetched_and_refused_when_it_is_there_no_longer(
    room: Room, files: Files, params: dict[str, Any], version: dict[str, object]
) -> None:
    files.content = b'{"a": [{"b c": 1.5}]}'
    assert check(room, files, **params).versions == [version]
    assert check(room, files, version, **params).versions == []
    record = get(room, resource(files, **params), version, "cat tool.bin")
    assert (record.end.reason, record.log("2")) == ("", files.content)
    files.content = b'{"a": [{"b c": "second"}]}'
    [found] = check(room, files, version, **params).versions
    assert found != version
    refused = get(room, resource(files, **params), version, "cat tool.bin")
    assert refused.end.status == "failed"
    shown = ", ".join(f"{key} {value}" for key, value in found.items())
    assert f"the server has another version now, {shown}: check the resource" in refused.end.reason


def test_a_file_that_did_not_change_is_not_sent_again(room: Room, files: Files) -> None:
    [version] = check(room, files, version="etag").versions
    assert check(room, files, version, version="etag").error == ""
    assert files.asked[1][2]["if-none-match"] == version["etag"]


@pytest.mark.parametrize(
    ("path", "params", "step", "name"),
    [
        ("/a/tool.bin?x=1", {}, {}, "tool.bin"),
        ("/", {}, {}, "tool"),
        ("/a/..%2F..%2Fescape", {}, {}, "tool"),
        ("/a/%2E%2E", {}, {}, "tool"),
        ("/a/x%0Ay", {}, {}, "tool"),
        ("/a/a%20b", {}, {}, "a b"),
        ("/a", {"name": "bin/deep/x"}, {}, "bin/deep/x"),
        ("/a", {"name": "bin/x"}, {"params": {"name": "-y"}}, "-y"),
    ],
)
def test_where_the_file_goes(
    room: Room, files: Files, path: str, params: dict[str, Any], step: dict[str, Any], name: str
) -> None:
    version: dict[str, object] = {"sha256": files.digest}
    record = get(room, resource(files, path, **params), version, "find . -type f", **step)
    assert record.log("2").decode() == f"./{name}\n"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\0b"])
def test_no_name_leads_out_of_the_work_directory(room: Room, files: Files, name: str) -> None:
    record = get(room, resource(files, name=name), {"sha256": files.digest})
    assert "is not a path below the work directory" in record.end.reason


def test_a_link_in_the_work_directory_is_replaced_and_never_leads_out(room: Room, files: Files, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    record = room.run_job(
        task(f"echo own > own; ln -s own tool.bin; ln -s {tmp_path} out", id="1"),
        GetStep(id="2", name="tool", resource="http.tool"),
        task("cat own tool.bin", id="3"),
        GetStep(id="4", name="tool", resource="http.tool", params={"name": "out/precious"}),
        resources=[resource(files)],
        inputs={"tool": {"sha256": files.digest}},
    )
    assert record.log("3") == b"own\nfirst\n"
    assert '"out/precious" is not a path below the work directory' in record.end.reason
    assert (tmp_path / "precious").read_text() == "kept"


@pytest.mark.parametrize(
    ("params", "header"),
    [
        ({"username": "me", "password": "hunter22"}, "Basic bWU6aHVudGVyMjI="),
        ({"token": "hunter22"}, "Bearer hunter22"),
        ({"headers": {"Authorization": "own"}}, "own"),
        ({"secret_headers": {"Authorization": "hunter22"}, "headers": {"X-Key": "hunter22"}}, "hunter22"),
    ],
)
def test_credentials_reach_the_server_and_nobody_else(
    room: Room, files: Files, params: dict[str, Any], header: str
) -> None:
    with serving() as other:
        files.extra, files.status = [("Location", f"{other.address}/x")], "302 Found"
        assert check(room, files, **params).versions == [{"sha256": other.digest}]
        assert files.asked[0][2]["authorization"] == header
        assert other.asked[0][2].keys() <= {"host", "accept-encoding", "user-agent", "connection"}


def test_what_a_put_shows_holds_no_secret(room: Room, files: Files) -> None:
    record = room.run_job(
        task("echo hunter22", id="1"),
        GetStep(id="2", name="tool", resource="http.tool"),
        task("echo hunter22", id="3"),
        resources=[resource(files, secret_headers={"X-Token": "hunter22"})],
        inputs={"tool": {"sha256": files.digest}},
    )
    assert record.end.status == "succeeded"
    assert b"hunter22" not in record.log()
    assert files.asked[0][2]["x-token"] == "hunter22"


@pytest.mark.parametrize(
    ("status", "extra", "params", "reason"),
    [
        ("404 Not Found", [], {}, "the server answered 404"),
        ("429 Wait", [("Retry-After", "60")], {}, "the server answered 429, and asks to be left alone for 60 s"),
        ("200 OK", [("X", "y")], {"version": "etag"}, "the server names no etag that could be a version; take version"),
        ("200 OK", [("ETag", "x" * 600)], {"version": "etag"}, "the server names no etag that could be a version"),
        ("200 OK", [], {"version_path": "$.a"}, "what the server sent is no JSON document"),
        ("302 Found", [("Location", "/tool.bin")], {}, "the server redirects more than 5 times"),
        ("302 Found", [("Location", "file:///etc/passwd")], {}, "the address begins with neither https:// nor http://"),
        ("200 OK", [("Content-Length", "6000000")], {"max_size": 5}, "the answer has more than 5,242,880 bytes"),
        ("200 OK", [], {"token": "a\nhunter22"}, "the address or a setting cannot be used"),
        ("200 OK", [], {"token": "hunter22", "username": "me"}, "there are both a token and a username or password"),
        ("200 OK", [], {"headers": "x"}, "headers is no map of names and values"),
        ("200 OK", [], {"version": "md5"}, "version is digest, etag or last-modified, and no other"),
        ("200 OK", [], {"version_path": "a"}, 'version_path: "a" is no path to a value'),
        ("200 OK", [], {"ca_cert": "none"}, "ca_cert holds no certificate in PEM form"),
        ("200 OK", [], {"url": "http://me:hunter22@127.0.0.1/"}, "the address holds a user or password"),
        ("200 OK", [], {"url": "http://127.0.0.1:1/?token=hunter22"}, "the connection failed: Connection refused"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_no_secret_shown(
    room: Room, files: Files, status: str, extra: list[tuple[str, str]], params: dict[str, Any], reason: str
) -> None:
    files.status, files.extra = status, extra
    result = check(room, files, **params)
    assert result.error.startswith(reason)
    assert "hunter22" not in result.error
    record = get(room, resource(files, **params), {"sha256": files.digest})
    assert record.end.status == "failed"
    assert "hunter22" not in record.end.reason


@pytest.mark.parametrize("document", ['{"a": {"b": 1}}', '{"a": []}', '{"a": null}', '{"b": 1}', "[]", "[" * 100_000])
def test_a_path_that_leads_to_no_text(room: Room, files: Files, document: str) -> None:
    files.content = document.encode()
    result = check(room, files, version_path="$.a")
    assert result.versions == []
    assert result.error.endswith(("leads to no text or number in what the server sent", "is no JSON document"))


def test_a_silent_server_holds_up_no_cancellation_and_its_part_is_removed(room: Room, files: Files) -> None:
    files.silent = True
    step = GetStep(id="1", name="tool", resource="http.tool")
    record = room.submit(step, resources=[resource(files)], inputs={"tool": {"sha256": files.digest}})
    wait_until(lambda: files.asked)
    room.worker._builds.cancel_all("enough", 30.0)
    wait_until(lambda: record.ended, 8)
    assert record.steps() == {"1": "cancelled"}


def test_a_private_authority_is_believed_where_it_is_named(room: Room, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    with serving(tmp_path) as files:
        assert check(room, files).error.endswith("; ca_cert can name who vouches for it")
        named = check(room, files, ca_cert=(tmp_path / "ca.pem").read_text())
        assert named.versions == [{"sha256": files.digest}]
        with serving() as plain:
            files.extra, files.status = [("Location", f"{plain.address}/x")], "302 Found"
            refused = check(room, files, ca_cert=(tmp_path / "ca.pem").read_text())
            assert refused.error == "the server redirects from https:// to an address without"
            assert plain.asked == []


def test_a_put_sends_a_file_and_makes_the_version_that_it_knows(room: Room, files: Files) -> None:
    record = put(room, resource(files))
    assert record.end.reason == ""
    assert files.sent == {"/tool.bin": b"made\n"}
    [made] = record.versions()
    assert made.version == {"sha256": hashlib.sha256(b"made\n").hexdigest()}
    [made] = put(room, resource(files, version="etag")).versions()
    assert made.version == {"etag": f'"{files.digest[:8]}"'}
    assert put(room, resource(files), method="POST").versions() == []
    assert put(room, resource(files, "/dir/?x=1")).versions() == []
    assert [(method, path) for method, path, _ in files.asked][-2:] == [("POST", "/tool.bin"), ("PUT", "/dir/out")]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ("true", 'there is no file "out" in the work directory'),
        ("mkdir out", 'there is no file "out" in the work directory'),
        ("mkfifo out", 'there is no file "out" in the work directory'),
        ("ln -s /etc/passwd out", '"out" is not a path below the work directory'),
    ],
)
def test_a_put_takes_nothing_but_a_file_of_the_work_directory(room: Room, files: Files, make: str, reason: str) -> None:
    assert reason in put(room, resource(files), make).end.reason
    assert files.sent == {}


def test_a_put_that_is_refused_or_led_elsewhere_fails(room: Room, files: Files) -> None:
    files.status = "403 Forbidden"
    assert "the server answered 403" in put(room, resource(files)).end.reason
    with serving() as other:
        files.extra, files.status = [("Location", f"{other.address}/x")], "307 Elsewhere"
        assert "the server redirects what is sent to another one" in put(room, resource(files)).end.reason
        assert other.sent == {}
