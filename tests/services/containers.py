"""Podman with images of its own, made of Debian's static busybox: no registry of the world is asked for anything."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from tests.services.requirement import missing, program

IMAGE = "localhost/pikoci-test:1"
_APPLETS = (
    "cat",
    "echo",
    "env",
    "false",
    "grep",
    "head",
    "id",
    "ls",
    "nc",
    "sh",
    "sleep",
    "stat",
    "touch",
    "true",
    "wc",
)
_BUSYBOX = Path("/bin/busybox")


class Containers:
    """Storage and settings of podman in a temporary directory, with the image `IMAGE`."""

    def __init__(self) -> None:
        """Make them. Skips or fails where podman, its runtime or busybox are missing."""
        self.program = program("podman", "podman")
        runtime = "runc" if shutil.which("runc") else program("podman", "crun")
        if not _BUSYBOX.exists():
            missing("podman", f"there is no {_BUSYBOX}, of the package busybox-static, to make an image of")
        # Build users must be able to see it, so not below /tmp; and a longer path is too long for podman.
        self.folder = Path(tempfile.mkdtemp(prefix="pikoci-c-", dir="/run" if os.geteuid() == 0 else None))
        self.folder.chmod(0o711)
        self._write(
            "containers.conf",
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
            f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
        )
        self._write(
            "storage.conf",
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.folder}/root"\nrunroot = "{self.folder}/run"\n',
        )
        self._write("registries.conf", "")
        self._tree = self.folder / "tree"
        self._make_tree()
        with self._packed() as tree:
            self.run("import", "-", IMAGE, stdin=tree)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a podman use them."""
        names = {"CONF": "containers.conf", "STORAGE_CONF": "storage.conf", "REGISTRIES_CONF": "registries.conf"}
        return {f"CONTAINERS_{name}": str(self.folder / file) for name, file in names.items()}

    def run(self, *arguments: str, stdin: Any = subprocess.DEVNULL) -> str:
        """Run podman and give what it prints. Raises CalledProcessError."""
        done = subprocess.run(
            [self.program, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment},
            stdin=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def all(self) -> list[str]:
        """The names of all containers there are."""
        return self.run("ps", "--all", "--format={{.Names}}").split()

    @contextmanager
    def served(self) -> Iterator[str]:
        """The address of a daemon, as the client of docker takes it."""
        address = f"unix://{self.folder}/socket"
        service = subprocess.Popen(
            [self.program, "system", "service", "--time=0", address],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            while not (self.folder / "socket").exists():
                assert service.poll() is None
                time.sleep(0.02)
            yield address
        finally:
            service.terminate()
            service.wait(30)
            (self.folder / "socket").unlink(missing_ok=True)

    def trust(self, address: str) -> None:
        """Let podman pull from a registry without TLS."""
        self._write("registries.conf", f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')

    def packed_image(self) -> bytes:
        """The layer of the image, as a registry serves it."""
        with self._packed() as tree:
            return bytes(tree.read())

    def close(self) -> None:
        """Remove everything."""
        subprocess.run(
            [self.program, "rm", "--all", "--force", "--time=0"],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment},
            capture_output=True,
            check=False,
        )
        deadline = time.monotonic() + 30
        while self.folder.exists():  # podman's own clean-up after a killed container may still be at work
            for line in Path("/proc/self/mounts").read_text().splitlines():
                if line.split()[1].startswith(str(self.folder)):
                    subprocess.run(["umount", "--lazy", line.split()[1]], check=False)
            shutil.rmtree(self.folder, ignore_errors=time.monotonic() < deadline)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)

    def _make_tree(self) -> None:
        (self._tree / "bin").mkdir(parents=True)
        (self._tree / "etc").mkdir()
        (self._tree / "tmp").mkdir(mode=0o777)
        shutil.copy(_BUSYBOX, self._tree / "bin" / "busybox")
        for applet in _APPLETS:
            (self._tree / "bin" / applet).symlink_to("busybox")
        (self._tree / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\nsomebody:x:1000:1000::/:/bin/sh\n")

    @contextmanager
    def _packed(self) -> Iterator[Any]:
        with tempfile.TemporaryFile() as file:
            subprocess.run(["tar", "--owner=0", "--group=0", "-C", self._tree, "-c", "."], stdout=file, check=True)
            file.seek(0)
            yield file


class Registry:
    """A registry with one image, `test:1`. It counts manifests given out; with `silent` set it never answers."""

    def __init__(self, layer: bytes) -> None:
        """Serve an image of one uncompressed layer."""
        digest = _digest(layer)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Env": ["PATH=/usr/bin:/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [digest]},
            }
        ).encode()
        kind = "application/vnd.oci.image"
        self._manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{kind}.manifest.v1+json",
                "config": {"mediaType": f"{kind}.config.v1+json", "digest": _digest(config), "size": len(config)},
                "layers": [{"mediaType": f"{kind}.layer.v1.tar", "digest": digest, "size": len(layer)}],
            }
        ).encode()
        self._blobs = {digest: layer, _digest(config): config}
        self.pulls = 0
        self.silent = False
        self.ending = Event()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if self.silent:
            self.ending.wait(60)
        path = environ["PATH_INFO"]
        body, kind = self._blobs.get(path.rpartition("/")[2]), "application/octet-stream"
        if path == "/v2/":
            body = b"{}"
        elif path == "/v2/test/manifests/1" or path == f"/v2/test/manifests/{_digest(self._manifest)}":
            body, kind = self._manifest, "application/vnd.oci.image.manifest.v1+json"
            self.pulls += environ["REQUEST_METHOD"] == "GET"
        if body is None:
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}']
        start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture(scope="session")
def containers() -> Iterator[Containers]:
    """Podman, for the tests of one process."""
    service = Containers()
    yield service
    service.close()


@pytest.fixture
def registry(containers: Containers) -> Iterator[tuple[Registry, str]]:
    """A registry that podman trusts, and the name of its image."""
    with serve_registry(containers, containers.packed_image()) as found:
        yield found


@contextmanager
def serve_registry(containers: Containers, layer: bytes) -> Iterator[tuple[Registry, str]]:
    """A registry of one image that podman trusts, and the name of the image."""
    found = Registry(layer)
    server = WSGIServer(("127.0.0.1", 0), found, log=None, error_log=None)
    server.start()
    address = f"127.0.0.1:{server.server_port}"
    containers.trust(address)
    yield found, f"{address}/test:1"
    found.ending.set()
    server.stop(timeout=1)
