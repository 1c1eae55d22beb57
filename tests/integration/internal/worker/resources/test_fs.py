"""Files of the machine: versions, copies in and out, and what must not be reached."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep, Resource, ResourceType
from tests.integration.internal.worker.user_room import FIRST, passable_directory, user_room
from tests.unit.internal.worker.bench_room import Room, task, worker_room
from tests.unit.internal.worker.fake_gateway import Record

KIND = ResourceType(name="fs", builtin="fs")


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The directory that is allowed."""
    (tmp_path / "share").mkdir()
    return tmp_path / "share"


@pytest.fixture
def room(tmp_path: Path, share: Path) -> Generator[Room]:
    with worker_room(tmp_path, fs_roots=("/nowhere/{team}", str(share))) as found:
        yield found
    assert not list((tmp_path / "work" / "builds").glob("*"))


def resource(path: object, **params: Any) -> Resource:
    return Resource(type="fs", name="data", params={"path": str(path), **params})


def check(room: Room, path: object, previous: dict[str, object] | None = None, **params: Any) -> Any:
    return room.check(resource(path, **params), KIND, previous=previous)


def version_of(room: Room, path: object, **params: Any) -> dict[str, object]:
    result = check(room, path, **params)
    assert result.error == ""
    [found] = result.versions
    assert isinstance(found, dict)
    return found


def get(room: Room, path: object, version: dict[str, object], script: str = "find . | sort", **params: Any) -> Record:
    return room.run_job(
        GetStep(id="1", name="data", resource="fs.data"),
        task(script, id="2"),
        resources=[resource(path, **params)],
        inputs={"data": version},
    )


def put(room: Room, path: object, make: str, source: str = "out") -> Record:
    step = PutStep(id="2", name="data", resource="fs.data", params={"source": source})
    return room.run_job(task(make, id="1"), step, resources=[resource(path)])


def fill(share: Path) -> None:
    (share / "sub" / "deep").mkdir(parents=True)
    (share / "a.txt").write_text("a")
    (share / "sub" / "b.txt").write_text("b")
    (share / "sub" / "deep" / "c.txt").write_text("c")
    (share / "sub" / "run").write_text("#!/bin/sh\necho ran\n")
    (share / "sub" / "run").chmod(0o4755)
    (share / ".hidden").write_text("h")


def test_a_file_is_known_by_its_digest_and_copied_under_its_name(room: Room, share: Path) -> None:
    fill(share)
    os.utime(share / "a.txt", (1_000_000_000, 1_000_000_000))
    version = version_of(room, share / "a.txt")
    digest = hashlib.sha256(b"a").hexdigest()
    assert version == {"path": str(share / "a.txt"), "hash": digest, "modified": "1000000000", "size": "1"}
    (share / "a.txt").touch()
    assert check(room, share / "a.txt", version).versions == []
    assert get(room, share / "a.txt", version, "cat a.txt; stat -c %Y a.txt").end.reason == ""
    (share / "a.txt").write_text("changed")
    [later] = check(room, share / "a.txt", version).versions
    refused = get(room, share / "a.txt", version)
    assert f"it is another version now, {later['hash']}: check the resource" in refused.end.reason


def test_a_directory_is_copied_with_what_is_in_it(room: Room, share: Path) -> None:
    fill(share)
    (share / "link").symlink_to("/etc/passwd")
    (share / "empty").mkdir()
    version = version_of(room, share)
    assert version.keys() == {"path", "hash"}
    script = "find . | sort; readlink link; sub/run; stat -c %a sub/run"
    assert get(room, share, version, script).log("2").decode().splitlines() == [
        ".", "./.hidden", "./a.txt", "./empty", "./link", "./sub", "./sub/b.txt", "./sub/deep", "./sub/deep/c.txt",
        "./sub/run", "/etc/passwd", "ran", "755",
    ]  # fmt: skip
    assert get(room, share, version, "ls in/it", name="in/it").log("2") == b"a.txt\nempty\nlink\nsub\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda share: (share / "sub" / "b.txt").write_text("x"),
        lambda share: (share / "sub" / "b.txt").rename(share / "sub" / "d.txt"),
        lambda share: (share / "sub" / "deep" / "c.txt").unlink(),
        lambda share: (share / "sub" / "b.txt").chmod(0o755),
        lambda share: (share / "sub" / "empty").mkdir(),
        lambda share: (share / "sub" / "link").symlink_to("b.txt"),
    ],
)
def test_every_change_in_a_directory_is_another_version(room: Room, share: Path, change: Any) -> None:
    fill(share)
    before = version_of(room, share)
    assert check(room, share, before).versions == []
    change(share)
    assert check(room, share, before).versions != []


@pytest.mark.parametrize(
    ("glob", "copied"),
    [
        ("*.txt", ["a.txt"]),
        ("*/*.txt", ["sub/b.txt"]),
        ("**/*.txt", ["a.txt", "sub/b.txt", "sub/deep/c.txt"]),
        ("**", ["a.txt", "sub/b.txt", "sub/deep/c.txt", "sub/run", ".hidden"]),
        ("s?b/de*", ["sub/deep/c.txt"]),
        ("sub/[ab].txt", ["b.txt"]),
        (".h*", [".hidden"]),
    ],
)
def test_a_glob_takes_what_it_matches(room: Room, share: Path, glob: str, copied: list[str]) -> None:
    fill(share)
    record = get(room, share / glob, version_of(room, share / glob), "find . -type f | cut -c 3- | sort")
    assert record.log("2").decode().split() == sorted(copied)


@pytest.mark.parametrize("path", ["none", "none/deeper", "*.none", "a.txt*/x"])
def test_what_is_not_there_has_no_version_and_a_get_fails(room: Room, share: Path, path: str) -> None:
    fill(share)
    result = check(room, share / path)
    assert (result.versions, result.error) == ([], "")
    record = get(room, share / path, {"hash": "0"})
    assert "it is another version now, gone" in record.end.reason


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc", "/", "/etc/*"])
def test_nothing_else_of_the_machine_is_reached(room: Room, path: str) -> None:
    result = check(room, path)
    assert "it is below none of the directories that are allowed" in result.error
    assert "below none" in get(room, path, {"hash": "0"}).end.reason
    assert put(room, "/tmp/pikoci-evil", "echo x > out").end.status == "failed"
    assert not Path("/tmp/pikoci-evil").exists()


@pytest.mark.parametrize("path", ["{}/../x", "x", "", "{}/a\0b"])
def test_a_path_that_is_none_is_refused(room: Room, share: Path, path: str) -> None:
    assert 'is no absolute path without ".."' in check(room, path.format(share)).error


def test_a_worker_that_allows_nothing_names_the_setting(tmp_path: Path) -> None:
    with worker_room(tmp_path) as room:
        assert "--fs-roots (FS_ROOTS) names no directory" in check(room, "/etc/passwd").error


def test_a_root_may_be_that_of_a_team(tmp_path: Path, share: Path) -> None:
    for name in ("main", "other"):
        (share / name).mkdir()
        (share / name / "a").write_text(name)
    with worker_room(tmp_path, fs_roots=(f"{share}/{{team}}",)) as room:
        assert version_of(room, share / "main" / "a")["size"] == "4"
        assert "below none" in check(room, share / "other" / "a").error
        assert "below none" in check(room, share / "main*" / "a").error


def test_links_lead_nowhere_else(room: Room, share: Path, tmp_path: Path) -> None:
    fill(share)
    (tmp_path / "secret").write_text("secret")
    (share / "out").symlink_to(tmp_path)
    (share / "file").symlink_to(tmp_path / "secret")
    (share / "current").symlink_to("sub")
    for path in ("out/secret", "out", "file"):
        assert "below none" in check(room, share / path).error
    assert check(room, share / "out*" / "secret").versions == []
    assert version_of(room, share / "current" / "b.txt")["size"] == "1"
    record = get(room, share, version_of(room, share), "readlink out file; test ! -e out/secret || cat out/secret")
    assert record.log("2").decode().split()[:2] == [str(tmp_path), str(tmp_path / "secret")]


def test_what_is_no_file_is_named(room: Room, share: Path) -> None:
    os.mkfifo(share / "pipe")
    assert '"pipe" is neither a file, a directory nor a link' in check(room, share).error
    assert '"pipe" is neither a file' in check(room, share / "pipe").error
    (share / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(share / "s"))
        assert '"s" is neither a file' in check(room, share).error


def test_too_much_is_refused(room: Room, share: Path) -> None:
    for name in ("a", "b"):
        (share / name).write_bytes(b"x" * 700_000)
    assert "it has more than 1,048,576 bytes" in check(room, share, max_size=1).error
    deep = share
    for _ in range(70):
        deep = deep / "d"
        deep.mkdir()
    assert "lies too deep" in check(room, share).error


def test_a_get_writes_through_no_link_of_the_build(room: Room, share: Path, tmp_path: Path) -> None:
    fill(share)
    (tmp_path / "precious").write_text("kept")
    record = room.run_job(
        task(f"ln -s {tmp_path}/precious a.txt; ln -s {tmp_path} sub", id="1"),
        GetStep(id="2", name="data", resource="fs.data"),
        resources=[resource(share)],
        inputs={"data": version_of(room, share)},
    )
    assert '"sub" is no directory, or a link' in record.end.reason
    assert (tmp_path / "precious").read_text() == "kept"
    assert not (tmp_path / "b.txt").exists()


def test_a_put_copies_a_file_and_makes_its_version(room: Room, share: Path) -> None:
    (share / "old").write_text("old")
    record = put(room, share / "old", "echo new > out; chmod 700 out")
    assert record.end.reason == ""
    [made] = record.versions()
    assert made.version["hash"] == hashlib.sha256(b"new\n").hexdigest()
    assert check(room, share / "old", made.version).versions == []
    assert ((share / "old").read_text(), (share / "old").stat().st_mode & 0o777) == ("new\n", 0o700)
    assert put(room, f"{share}/new/deep/", "echo new > out").end.reason == ""
    assert (share / "new" / "deep" / "out").read_text() == "new\n"
    assert put(room, share / "new", "echo 'a[1]' > 'a[1]'", "a[1]").end.reason == ""
    assert (share / "new" / "a[1]").read_text() == "a[1]\n"
    assert [path.name for path in share.rglob(".*")] == []


def test_a_put_copies_what_is_in_a_directory(room: Room, share: Path) -> None:
    fill(share)
    record = put(room, share / "sub", "mkdir -p out/deep; echo n > out/deep/c.txt; ln -s b.txt out/l")
    assert record.end.reason == ""
    assert (share / "sub" / "deep" / "c.txt").read_text() == "n\n"
    assert (share / "sub" / "l").readlink() == Path("b.txt")
    assert (share / "sub" / "b.txt").read_text() == "b"
    assert [one.version for one in record.versions()] == [version_of(room, share / "sub")]


@pytest.mark.parametrize(
    ("make", "source", "reason"),
    [
        ("true", "out", 'there is no "out" in the work directory'),
        ("true", "../x", "is not a path below the work directory"),
        ("ln -s /etc out", "out/passwd", "is not a path below the work directory"),
        ("mkfifo out", "out", '"out" is neither a file, a directory nor a link'),
    ],
)
def test_a_put_takes_nothing_from_elsewhere(room: Room, share: Path, make: str, source: str, reason: str) -> None:
    assert reason in put(room, share / "x", make, source).end.reason
    assert list(share.iterdir()) == []


def test_a_put_needs_a_place(room: Room, share: Path, tmp_path: Path) -> None:
    assert "a put needs a path without globs" in put(room, share / "*", "echo > out").end.reason
    (share / "link").symlink_to(tmp_path)
    assert "below none" in put(room, share / "link" / "x", "echo > out").end.reason
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
def test_files_are_read_and_written_with_the_rights_of_the_builds_user() -> None:
    with passable_directory() as root:
        share = root / "share"
        share.mkdir()
        share.chmod(0o2775)
        os.chown(share, 0, FIRST)
        (share / "open").write_text("open")
        (share / "closed").write_text("closed")
        (share / "closed").chmod(0o600)
        with user_room(root, fs_roots=(str(share),)) as room:
            assert "Permission denied" in check(room, share / "closed").error
            record = get(room, share / "open", version_of(room, share / "open"), "cat open; stat -c %u open; id -u")
            text, owner, user = record.log("2").decode().replace("open", "open\n", 1).split()
            assert (text, owner) == ("open", user)
            assert put(room, share / "made" / "by", "mkdir out; echo 1 > out/x").end.reason == ""
            assert put(room, share / "made" / "by" / "x", "echo 2 > out").end.reason == ""
            assert (share / "made" / "by" / "x").read_text() == "2\n"
            assert (share / "made").stat().st_gid == FIRST
