"""moto's server, which speaks S3, over TLS."""

from __future__ import annotations

import ssl
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.process import ServiceProcess, answers, free_port
from tests.services.requirement import module
from tests.services.sharing import Lasting, shared

KEY_ID, SECRET = "AKIAPIKOCITESTS00001", "secret-access-key-of-the-tests"


class ObjectStore:
    """A running server at `endpoint`, below whose `folder` lies `ca.pem`. It keeps everything in memory."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.endpoint = endpoint
        self.ca_cert = (folder / AUTHORITY).read_text()
        context = ssl.create_default_context(cadata=self.ca_cert)
        login = (
            f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        )
        headers = {"Authorization": login}
        self._client = httpx.Client(base_url=endpoint, verify=context, headers=headers, trust_env=False)

    def params(self, bucket: str, **more: object) -> dict[str, object]:
        """The params of a resource in a bucket."""
        login = {"access_key_id": KEY_ID, "secret_access_key": SECRET, "ca_cert": self.ca_cert}
        return {"bucket": bucket, "endpoint": self.endpoint, **login, **more}

    def make_bucket(self, bucket: str, *, versioned: bool = False) -> None:
        """Make a bucket."""
        self.ask("PUT", f"/{bucket}")
        if versioned:
            name = "http://s3.amazonaws.com/doc/2006-03-01/"
            text = f'<VersioningConfiguration xmlns="{name}"><Status>Enabled</Status></VersioningConfiguration>'
            self.ask("PUT", f"/{bucket}?versioning", text.encode())

    def ask(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        """Do as somebody else would."""
        answer = self._client.request(method, path, content=content)
        answer.raise_for_status()
        return answer

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def _start() -> tuple[Lasting, str]:
    module("moto")
    folder = Path(tempfile.mkdtemp(prefix="pikoci-moto-"))
    make_certificates(folder)
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = ServiceProcess([*command, "-c", str(folder / "server.pem"), "-k", str(folder / "server.key")], folder)
    process.wait_until(lambda: answers(port))
    return process, f"https://127.0.0.1:{port} {folder}"


@pytest.fixture(scope="session")
def object_store_address(run_file: Path) -> tuple[str, Path]:
    """Where the server of this test run is."""
    endpoint, folder = shared(run_file, "moto", _start).split(" ", 1)
    return endpoint, Path(folder)


@pytest.fixture
def object_store(object_store_address: tuple[str, Path]) -> Generator[ObjectStore]:
    """The server of this test run; each test has buckets of its own there."""
    store = ObjectStore(*object_store_address)
    yield store
    store.close()
