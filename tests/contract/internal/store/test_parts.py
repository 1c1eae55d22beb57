"""Logs, workers and artifacts."""

import random

import pytest
from msgspec.structs import replace

from pikoci.internal.domain.build import LogChunk
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.pipeline import WorkerToken
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

HELLO = WorkerHello(name="w1", instance="i1", version="1.0", queues=["jobs", "jobs.gpu"], concurrency=4, tags=["gpu"])
TOKENS = (("t1", 1.0), ("t2", 2.0))
DIGEST = "0f" * 32


def chunks(*pieces: bytes, offset: int = 0) -> list[LogChunk]:
    made = []
    for number, data in enumerate(pieces):
        made.append(LogChunk(offset=offset, step=str(number), claim=1, at=float(number), data=data))
        offset += len(data)
    return made


def test_a_log_is_read_as_it_was_written(store: SqlStore, world: World) -> None:
    build = world.build()
    written = chunks(b"one\n", b"\x00\xff\xfe", b"three")
    with store.transaction():
        store.logs.append(build.id, written[:1])
        store.logs.append(build.id, written[1:])
        store.logs.append(build.id, [])
    assert store.logs.read(build.id, 0, 1000) == written
    assert store.logs.read(build.id + 1, 0, 1000) == []


@pytest.mark.parametrize(
    ("offset", "limit", "wanted"),
    [
        (0, 1, [0]),
        (0, 4, [0]),
        (0, 5, [0, 1]),
        (3, 1, [0]),
        (3, 2, [0, 1]),
        (4, 100, [1, 2]),
        (11, 9, [2]),
        (12, 9, []),
    ],
)
def test_a_range_is_read_in_whole_chunks(
    store: SqlStore, world: World, offset: int, limit: int, wanted: list[int]
) -> None:
    build = world.build()
    written = chunks(b"aaaa", b"bbbb", b"cccc")
    with store.transaction():
        store.logs.append(build.id, written)
    assert store.logs.read(build.id, offset, limit) == [written[number] for number in wanted]


def test_a_gap_in_a_log_is_stepped_over(store: SqlStore, world: World) -> None:
    build = world.build()
    written = [*chunks(b"head"), *chunks(b"tail", offset=100)]
    with store.transaction():
        store.logs.append(build.id, written)
    assert store.logs.read(build.id, 50, 10) == written[1:]


def test_a_log_of_thousands_of_lines_is_read_in_parts(store: SqlStore, world: World) -> None:
    build = world.build()
    written = chunks(*(b"%d\n" % number for number in range(3000)))
    with store.transaction():
        store.logs.append(build.id, written)
    found: list[LogChunk] = []
    while part := store.logs.read(build.id, found[-1].offset + len(found[-1].data) if found else 0, 4000):
        assert sum(len(chunk.data) for chunk in part) < 4010
        found += part
    assert found == written
    assert store.logs.read(build.id, 0, 10**9) == written


def test_two_chunks_cannot_take_one_place(store: SqlStore, world: World) -> None:
    build = world.build()
    with store.transaction():
        store.logs.append(build.id, chunks(b"a"))
    with pytest.raises(ConflictError), store.transaction():
        store.logs.append(build.id, chunks(b"b"))


def test_chunks_are_compressed_and_older_ones_stay_readable(store: SqlStore, world: World) -> None:
    build = world.build()
    line = b"a line of the log\n" * 100
    written = chunks(b"short", line, line, random.Random(1).randbytes(2000))
    with store.transaction():
        store.logs.append(build.id, written)
        # As the release before this one stored it.
        sql = "UPDATE log_chunks SET data = ?, encoding = NULL WHERE start = ?"
        store.session.write(sql, (line, written[2].offset))
    assert store.logs.read(build.id, 0, 10**9) == written
    assert store.logs.read(build.id, written[1].offset + 3, 1) == written[1:2]
    stored = store.session.rows("SELECT size, length(data), encoding FROM log_chunks ORDER BY start")
    assert [row[2] for row in stored] == [None, "zstd", None, None]
    assert [size for size, length, encoding in stored if length == size] == [5, 1800, 2000]


def test_old_logs_are_deleted_and_builds_stay(store: SqlStore, world: World) -> None:
    old = [world.ended(finished_at=float(at), log_size=1) for at in (10, 11)]
    silent, young = world.ended(finished_at=5.0), world.ended(finished_at=20.0, log_size=1)
    running = world.build(log_size=1)
    with store.transaction():
        for build in (*old, young, running):
            store.logs.append(build.id, chunks(b"x"))
    for lost in (1, 1, 0):
        ids = store.logs.expired(20.0, 2)
        with store.transaction():
            assert not store.logs.delete_some(ids)
            assert store.logs.mark_deleted(ids) == lost
    assert [bool(store.logs.read(build.id, 0, 9)) for build in (*old, young, running)] == [False, False, True, True]
    assert store.builds.get(silent.id) == silent


def test_a_worker_is_registered_and_replaced(store: SqlStore) -> None:
    with store.transaction():
        assert store.workers.register(HELLO, now=1.0) is None
        again = store.workers.register(HELLO, now=2.0)
        other = store.workers.register(replace(HELLO, instance="i2", tags=[]), now=3.0)
    assert again
    assert other
    assert (again.instance, again.registered_at) == ("i1", 1.0)
    assert (other.instance, other.registered_at) == ("i1", 2.0)
    found = store.workers.get("w1")
    assert found
    assert (found.instance, found.state, found.registered_at, found.last_seen_at) == ("i2", "running", 3.0, 3.0)
    assert (found.queues, found.tags, found.concurrency) == (["jobs", "jobs.gpu"], [], 4)
    assert store.workers.list() == [found]
    assert store.workers.get("w2") is None


def test_a_heartbeat_counts_for_the_registered_instance_only(store: SqlStore) -> None:
    with store.transaction():
        store.workers.register(HELLO, now=1.0)
        assert store.workers.seen("w1", "i0", "running", 5.0) is None
        assert store.workers.seen("w2", "i1", "running", 5.0) is None
        seen = store.workers.seen("w1", "i1", "cordoned", 5.0)
    assert seen
    assert (seen.state, seen.last_seen_at, seen.registered_at) == ("cordoned", 5.0, 1.0)


def test_a_wish_to_drain_stands_until_the_instance_ended(store: SqlStore) -> None:
    with store.transaction():
        store.workers.register(HELLO, now=1.0)
        store.workers.set_draining("w1")
        store.workers.register(HELLO, now=2.0)
        states = [store.workers.seen("w1", "i1", state, 5.0) for state in ("running", "draining")]
        store.workers.register(replace(HELLO, instance="i2"), now=6.0)
    assert [state.wanted for state in states if state] == ["draining", "draining"]
    found = store.workers.get("w1")
    assert found
    assert found.wanted == ""


def test_a_cordon_stands_until_it_is_taken_back(store: SqlStore) -> None:
    with store.transaction():
        store.workers.register(HELLO, now=1.0)
        store.workers.set_cordoned("w1", True)
        store.workers.set_draining("w1")
        store.workers.seen("w1", "i1", "cordoned", 5.0)
        store.workers.register(replace(HELLO, instance="i2"), now=6.0)
    assert [state.wanted for state in store.workers.list()] == ["cordoned"]
    with store.transaction():
        store.workers.set_cordoned("w1", False)
    assert [state.wanted for state in store.workers.list()] == [""]


def test_a_worker_keeps_what_its_token_says(store: SqlStore) -> None:
    with store.transaction():
        store.workers.register(HELLO, now=1.0, team="blue", token_id="t1")
    found = store.workers.get("w1")
    assert found
    assert (found.team, found.token_id) == ("blue", "t1")


def test_tokens_of_workers_are_remembered_and_revoked_once(store: SqlStore) -> None:
    first, second = (WorkerToken(id=name, team="blue", created_by="alice", created_at=at) for name, at in TOKENS)
    with store.transaction():
        for token in (first, second, replace(first, team="red")):
            store.worker_tokens.remember(token)
        assert store.worker_tokens.revoked() == frozenset()
        store.worker_tokens.revoke("t1", "bob", 5.0)
        store.worker_tokens.revoke("t1", "carol", 6.0)
        store.worker_tokens.revoke("nobody's", "carol", 6.0)
    assert store.worker_tokens.list() == [second, replace(first, revoked_by="bob", revoked_at=5.0)]
    assert store.worker_tokens.get("t2") == second
    assert store.worker_tokens.get("t3") is None
    assert store.worker_tokens.revoked() == {"t1"}


def test_a_worker_is_deleted(store: SqlStore) -> None:
    with store.transaction():
        store.workers.register(HELLO, now=1.0)
        store.workers.delete("w1")
        store.workers.delete("w1")
    assert store.workers.list() == []


def upload(store: SqlStore, name: str, *pieces: bytes, now: float = 1.0) -> int:
    with store.transaction():
        for sequence, data in enumerate(pieces):
            store.artifacts.append(name, sequence, data, now)
    return sum(map(len, pieces))


def test_an_artifact_is_read_by_its_digest(store: SqlStore, world: World) -> None:
    owner, other = world.pipeline().id, world.pipeline("q").id
    size = upload(store, "u", b"\x00one", b"two", b"three")
    assert not store.artifacts.exists(DIGEST, owner)
    with store.transaction():
        store.artifacts.finish("u", DIGEST, size, owner, 2.0)
    assert b"".join(store.artifacts.read(DIGEST)) == b"\x00onetwothree"
    assert store.artifacts.exists(DIGEST, owner)
    assert not store.artifacts.exists(DIGEST, other)


def test_an_empty_artifact_is_one_too(store: SqlStore, world: World) -> None:
    with store.transaction():
        store.artifacts.finish("u", DIGEST, 0, world.pipeline().id, 2.0)
    assert list(store.artifacts.read(DIGEST)) == []


def test_the_same_bytes_are_kept_once_for_all_pipelines(store: SqlStore, world: World) -> None:
    owners = [world.pipeline(name).id for name in "pq"]
    for owner, name in zip(owners, ("u1", "u2"), strict=True):
        upload(store, name, b"same")
        with store.transaction():
            store.artifacts.finish(name, DIGEST, 4, owner, 2.0)
    with store.transaction():
        store.artifacts.finish("u2", DIGEST, 4, owners[1], 2.0)
    assert list(store.artifacts.read(DIGEST)) == [b"same"]
    assert all(store.artifacts.exists(DIGEST, owner) for owner in owners)
    assert store.session.rows("SELECT COUNT(*) FROM artifact_chunks") == [(1,)]


def delete_unused(store: SqlStore, before: float) -> int:
    with store.transaction():
        uploads = store.artifacts.forget_unused(before)
        for upload in uploads:
            while store.artifacts.discard_some(upload):
                pass
    return len(uploads)


def test_an_upload_is_discarded_in_parts_which_may_be_cut_short(store: SqlStore) -> None:
    upload(store, "u", *[b"x"] * 9, now=1.0)
    for left in (5, 1):
        with store.transaction():
            assert store.artifacts.discard_some("u")
        assert store.session.rows("SELECT COUNT(*) FROM artifact_chunks") == [(left,)]
    assert delete_unused(store, 5.0) == 1
    assert store.session.rows("SELECT COUNT(*) FROM artifact_chunks") == [(0,)]


def test_a_repeated_chunk_replaces_the_first(store: SqlStore, world: World) -> None:
    upload(store, "u", b"xx")
    size = upload(store, "u", b"one")
    with store.transaction():
        store.artifacts.finish("u", DIGEST, size, world.pipeline().id, 2.0)
    assert list(store.artifacts.read(DIGEST)) == [b"one"]


def test_a_missing_artifact_is_not_found(store: SqlStore) -> None:
    with pytest.raises(NotFoundError):
        store.artifacts.read(DIGEST)


def test_an_artifact_deleted_while_it_is_read_is_an_error(store: SqlStore, world: World) -> None:
    size = upload(store, "u", b"one", b"two")
    with store.transaction():
        store.artifacts.finish("u", DIGEST, size, world.pipeline().id, 2.0)
    reading = store.artifacts.read(DIGEST)
    assert next(reading) == b"one"
    assert delete_unused(store, 9.0) == 1
    with pytest.raises(NotFoundError, match="deleted"):
        next(reading)


def test_a_discarded_upload_leaves_nothing(store: SqlStore) -> None:
    upload(store, "u", b"one")
    with store.transaction():
        store.artifacts.discard("u")
    assert store.session.rows("SELECT COUNT(*) FROM artifact_chunks") == [(0,)]


def test_what_no_version_names_is_deleted_when_old(store: SqlStore, world: World) -> None:
    owner = world.pipeline().id
    digests = [f"{number:064x}" for number in range(3)]
    for digest, at in zip(digests, (1.0, 1.0, 8.0), strict=True):
        upload(store, digest[-2:], b"x", now=at)
        with store.transaction():
            store.artifacts.finish(digest[-2:], digest, 1, owner, at)
    upload(store, "stuck", b"x", b"y", now=1.0)
    upload(store, "busy", b"x", now=1.0)
    upload(store, "busy", b"x", b"y", now=8.0)
    world.versions(digests[0])
    assert delete_unused(store, 5.0) == 2
    assert [store.artifacts.exists(digest, owner) for digest in digests] == [True, False, True]
    uploads = {row[0] for row in store.session.rows("SELECT upload FROM artifact_chunks")}
    assert uploads == {"00", "02", "busy"}


def test_an_artifact_stored_anew_for_a_known_version_stays(store: SqlStore, world: World) -> None:
    owner = world.pipeline().id
    world.versions(DIGEST)
    with store.transaction():
        store.artifacts.finish("u", DIGEST, 0, owner, 1.0)
    world.versions(DIGEST)
    assert delete_unused(store, 5.0) == 0


def test_an_artifact_goes_with_the_last_pipeline_that_has_it(store: SqlStore, world: World) -> None:
    owners = [world.pipeline(name).id for name in "qp"]
    with store.transaction():
        for owner in owners:
            store.artifacts.finish("u", DIGEST, 0, owner, 1.0)
    world.versions(DIGEST)
    deletions = []
    for owner in owners:
        world.delete(owner)
        deletions.append(delete_unused(store, 5.0))
    assert deletions == [0, 1]
