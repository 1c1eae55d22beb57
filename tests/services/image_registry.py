"""Debian's docker-registry, over TLS and for one user."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import bcrypt
import pytest

from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.process import ServiceProcess, answers, free_port
from tests.services.requirement import program
from tests.services.sharing import Lasting, shared

USERNAME, PASSWORD = "builder", "pa55-word-of-builder"


class ImageRegistry:
    """A running registry at `host`, below whose `folder` lies `ca.pem`."""

    def __init__(self, host: str, folder: Path) -> None:
        self.host = host
        self.ca_cert = (folder / AUTHORITY).read_text()

    def params(self, name: str, **more: object) -> dict[str, object]:
        """The params of a resource for the images `name`."""
        login = {"username": USERNAME, "password": PASSWORD, "ca_cert": self.ca_cert}
        return {"repository": f"{self.host}/{name}", **login, **more}


def _start() -> tuple[Lasting, str]:
    server = program("docker-registry", "docker-registry")
    folder = Path(tempfile.mkdtemp(prefix="pikoci-registry-"))
    make_certificates(folder)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"{USERNAME}:{hashed}\n")
    port = free_port()
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {
            "addr": f"127.0.0.1:{port}",
            "secret": "of-the-tests",
            "tls": {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")},
        },
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    process = ServiceProcess([server, "serve", str(folder / "config.yml")], folder)
    process.wait_until(lambda: answers(port))
    return process, f"127.0.0.1:{port} {folder}"


@pytest.fixture(scope="session")
def image_registry(run_file: Path) -> ImageRegistry:
    """The registry of this test run; each test has names of its own there."""
    host, folder = shared(run_file, "image-registry", _start).split(" ", 1)
    return ImageRegistry(host, Path(folder))
