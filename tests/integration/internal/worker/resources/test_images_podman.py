"""Images between this program and podman."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.internal.worker.resources.images import KIND, get, put, resource
from tests.services.containers import IMAGE, Containers
from tests.services.image_registry import PASSWORD, USERNAME, ImageRegistry
from tests.unit.internal.worker.bench_room import Room


def test_podman_loads_what_a_get_wrote_and_a_get_fetches_what_podman_pushed(
    room: Room, containers: Containers, image_registry: ImageRegistry, tmp_path: Path
) -> None:
    trusted = tmp_path / "certs"
    trusted.mkdir()
    (trusted / "ca.crt").write_text(image_registry.ca_cert)
    name = f"{image_registry.host}/podman/app"
    login = f"--creds={USERNAME}:{PASSWORD}"
    containers.run("push", "--quiet", f"--cert-dir={trusted}", login, IMAGE, f"{name}:1.0")
    params = image_registry.params("podman/app", tag="1.0")
    [version] = room.check(resource(params), KIND).versions
    file = tmp_path / "fetched.tar"
    record = get(room, params, version, f"cp image/image.tar {file}")
    assert record.end.status == "succeeded", record.end.reason
    assert f"{name}:1.0" in containers.run("load", "--input", str(file))
    try:
        assert containers.run("run", "--rm", "--network=none", f"{name}:1.0", "echo", "it runs") == "it runs\n"
        for form in ("docker-archive", "oci-archive"):
            saved = tmp_path / f"{form}.tar"
            containers.run("save", f"--format={form}", f"--output={saved}", IMAGE)
            record = put(room, image_registry.params(f"podman/{form}"), saved.read_bytes(), tmp_path)
            assert record.end.status == "succeeded", record.end.reason
            pulled = f"{image_registry.host}/podman/{form}:latest"
            containers.run("pull", "--quiet", f"--cert-dir={trusted}", login, pulled)
            digests = json.loads(containers.run("inspect", "--format={{json .RepoDigests}}", pulled))
            assert any(str(record.versions()[0].version["digest"]) in one for one in digests)
            assert containers.run("run", "--rm", "--network=none", pulled, "echo", form) == f"{form}\n"
            containers.run("rmi", "--force", pulled)
    finally:
        containers.run("rmi", "--force", f"{name}:1.0")
