"""The server behind its external address: its path, and who may come by which name."""

import pytest

from pikoci.internal.api import COOKIE, ApiSettings
from tests.unit.internal.api.scene import PASSWORD, PIPELINE, Scene, make_scene, with_pipeline

URL = "https://example.com/ci"


@pytest.fixture
def scene() -> Scene:
    settings = ApiSettings(version="1", external_url=URL, trusted_proxies=("10.0.0.1",))
    scene = with_pipeline(make_scene(settings))
    scene.call("POST", "publish")
    return scene


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("example.com", 200),
        ("EXAMPLE.com.:443", 200),
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("10.1.2.3:80", 200),
        ("attacker.example", 421),
        ("example.com.attacker.example", 421),
        ("example.com@attacker.example", 421),
        ("server:8080", 421),
        ("[", 421),
    ],
)
def test_a_page_elsewhere_cannot_come_by_its_own_name(scene: Scene, host: str, status: int) -> None:
    answer = scene.anonymous("GET", PIPELINE, headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        assert answer.json["detail"].endswith(f"but {URL}")


def test_a_cookie_is_no_way_in_by_another_name(scene: Scene) -> None:
    sent = {"Host": "attacker.example", "Cookie": f"{COOKIE}={scene.token}", "Sec-Fetch-Site": "same-origin"}
    assert scene.anonymous("POST", f"{PIPELINE}/pause", headers=sent).status_code == 421
    login = {"name": "admin", "password": PASSWORD}
    sent = {"Host": "attacker.example", "Origin": "http://attacker.example"}
    assert scene.anonymous("POST", "/api/v1/login", json=login, headers=sent).status_code == 421


def test_programs_may_come_by_an_inner_name(scene: Scene) -> None:
    inner = {"Host": "server:8080"}
    for path in ("/healthz", "/readyz", "/metrics", "/version"):
        assert scene.anonymous("GET", path, headers=inner).status_code == 200
    assert scene.anonymous("POST", "/webhooks/none", headers=inner).status_code == 404
    login = {"name": "admin", "password": PASSWORD}
    assert scene.anonymous("POST", "/api/v1/login", json=login, headers=inner).status_code == 200
    bearer = {**inner, "Authorization": f"Bearer {scene.token}"}
    assert scene.anonymous("GET", "/api/v1/profile", headers=bearer).status_code == 200


def test_a_trusted_proxy_may_name_the_server_as_it_likes(scene: Scene) -> None:
    answer = scene.anonymous("GET", PIPELINE, headers={"Host": "backend"}, remote_addr="10.0.0.1")
    assert answer.status_code == 200


def test_any_name_will_do_where_the_address_is_not_known() -> None:
    scene = with_pipeline(make_scene())
    scene.call("POST", "publish")
    assert scene.anonymous("GET", PIPELINE, headers={"Host": "anything"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/ci/healthz", "/api/v1/openapi.json", "/ci/api/v1/openapi.json"])
def test_the_path_may_be_there_or_not(scene: Scene, path: str) -> None:
    assert scene.anonymous("GET", path).status_code == 200


@pytest.mark.parametrize("path", ["/cihealthz", "/ci/ci/healthz", "/other/healthz"])
def test_other_paths_lead_nowhere(scene: Scene, path: str) -> None:
    assert scene.anonymous("GET", path).status_code == 404


def test_the_document_names_the_server(scene: Scene) -> None:
    assert scene.anonymous("GET", "/ci/api/v1/openapi.json").json["servers"] == [{"url": URL}]
