"""How the examples of the language are played that need more than a server."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from gevent.pywsgi import WSGIServer

from tests.acceptance.examples import FOLDER, Play
from tests.acceptance.farm import Farm


def inputs(play: Play) -> None:
    """Start the job with values, and find that values which the file does not allow are refused."""
    play.set()
    for values in ({}, {"version": "1.4", "stage": "moon"}, {"version": "1.4", "tries": 4}):
        refused = play.server.http.post(f"/api/v1{play.address}/jobs/release/builds", json={"values": values})
        assert refused.status_code == 422, refused.text
    play.trigger("release", {"version": "1.4"})
    hosts = ["a.example.com"]
    more = {"version": "1.4", "stage": "production", "dry-run": False, "tries": 5, "hosts": hosts}
    play.trigger("release", more)
    play.check()


def approvals(play: Play) -> None:
    """Vote, as the first person and as a second one."""
    play.set()
    play.start()
    server = play.server
    with closing(a_second_person(play)) as second:
        for job in ("staging", "production", "refused"):
            server.wait_for_build(play.name, job, "1", "waiting")
        server.wait_for((play.folder / "note").exists, "the message that staging waits")
        place = f"{play.address}/jobs/{{}}/builds/1".format
        server.post(f"{place('staging')}/approve", {})
        server.post(f"{place('refused')}/reject", {"reason": "not on a Friday"})
        server.post(f"{place('production')}/approve", {"label": "tell the customers"})
        server.post(f"{place('production')}/approve", {"label": "release"})
        assert server.build(play.name, "production", "1")["status"] == "waiting", "one of two"
        second.post(f"/api/v1{place('production')}/approve", json={"label": "release"}).raise_for_status()
    play.check()


def a_second_person(play: Play) -> httpx.Client:
    """A client of another member of the team."""
    words, own = "another correct horse", "a horse of my own"
    play.server.post("/users", {"name": "second", "password": words})
    play.server.http.put("/api/v1/teams/main/members/second", json={"role": "maintain"}).raise_for_status()
    client = httpx.Client(base_url=play.server.url, timeout=30.0)
    for address, body in (
        ("/api/v1/login", {"name": "second", "password": words}),
        ("/api/v1/profile/password", {"current": words, "new": own}),
    ):
        token = client.post(address, json=body).raise_for_status().json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
    return client


def jobs(play: Play) -> None:
    """Start two builds of two jobs at once, and ask for a retry that is refused."""
    play.set()
    play.start()
    for job in ("deploy", "preview"):
        play.trigger(job)
    play.check()
    retry = play.server.http.post(f"/api/v1{play.address}/jobs/never-again/builds/1/retry")
    assert retry.status_code == 409, retry.text
    assert "never-again" in retry.text


def secrets(play: Play) -> None:
    """Write the files that the worker reads."""
    (play.folder / "where.env").write_text("STAGE=production\n")
    (play.folder / "production.json").write_text(json.dumps({"token": "hunter2"}))
    play.run()


def types_from_the_web(play: Play) -> None:
    """Serve the definitions."""
    text = play.file.read_text(encoding="utf-8")
    with served(FOLDER / "types") as address:
        play.run(text=text.replace("http://localhost:8000", address))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the files of a folder are."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return [(folder / Path(environ["PATH_INFO"]).name).read_bytes()]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop()


def webhook(play: Play) -> None:
    """Tell of a release, signed with a wrong secret and with the right one."""
    secret = "a secret that nobody guesses"
    play.set({"webhook_secret": secret})
    shown = play.server.get(f"{play.address}/resources/trigger.release")
    address = f"{play.server.url}/webhooks/{shown['webhook_token']}"
    body = b'{"ref": "refs/heads/main"}'
    statuses = []
    for key in ("a wrong one", secret):
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature}"}
        headers["Content-Type"] = "application/json"
        statuses.append(httpx.post(address, content=body, headers=headers).status_code)
    assert statuses == [403, 202]
    play.check()
    assert play.server.build(play.name, "deploy", "2") is None


def workers(play: Play) -> None:
    """Have a worker with the tag come late, beside one without, and kill another one."""
    farm = Farm(play.folder, "nats", play.request.getfixturevalue("nats_address"))
    play.server = farm.server
    try:
        farm.server.start()
        farm.worker("plain")
        play.set()
        for job in ("low", "high", "check"):
            play.trigger(job)
        inside = f"{play.address}/resources/inside.service"
        farm.server.wait_for(lambda: "vpn" in farm.server.get(inside)["waiting_reason"], "the check to wait")
        slow = farm.worker("slow", "--tags=vpn", "--concurrency=1")
        for job in ("low", "high", "check"):
            farm.server.wait_for_build(play.name, job, "1", "succeeded", "failed")
        slow.stop()
        kill_in_the_middle(play, farm)
        play.check()
    finally:
        farm.stop()
    assert farm.leftovers() == []


def kill_in_the_middle(play: Play, farm: Farm) -> None:
    worker = farm.worker("fast", "--tags=vpn", "--concurrency=4")
    for job in ("deploy", "test"):
        play.trigger(job)
    begun = [play.folder / name for name in ("deploying", "testing")]
    worker.wait_for(lambda: all(path.exists() for path in begun), "both jobs to run")
    assert worker.process is not None
    worker.process.kill()
    worker.wait()
    worker.start()


LANGUAGE_PLAYS: dict[str, Callable[[Play], None]] = {
    "approvals": approvals,
    "inputs": inputs,
    "jobs": jobs,
    "secrets": secrets,
    "types-from-the-web": types_from_the_web,
    "webhook": webhook,
    "workers": workers,
}
