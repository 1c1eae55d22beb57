"""What the params of a built-in service say about how it runs."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES, ServiceForm, ServiceParamError, read_form


def form(name: str = "redis", **params: str) -> ServiceForm:
    return read_form(BUILTIN_SERVICES[name], params)


@pytest.mark.parametrize("service", BUILTIN_SERVICES.values(), ids=lambda service: service.name)
def test_every_image_is_pinned(service: object) -> None:
    found = read_form(service, {})  # type: ignore[arg-type]
    registry, _, tag = found.image.rpartition(":")
    assert registry.count("/") == 2
    assert tag
    assert tag != "latest"


@pytest.mark.parametrize(
    ("name", "params", "image"),
    [
        ("redis", {}, "docker.io/library/redis:7.4.2"),
        ("redis", {"version": "v6.2"}, "docker.io/library/redis:6.2"),
        ("redis", {"version": "6.2", "tag": "6.2-alpine"}, "docker.io/library/redis:6.2-alpine"),
        ("nats", {"version": "2.11"}, "docker.io/library/nats:2.11-alpine"),
        ("nats", {"image": "registry:5000/nats", "version": "2.11"}, "registry:5000/nats:2.11"),
        ("redis", {"image": "registry:5000/cache/redis"}, "registry:5000/cache/redis:7.4.2"),
        ("redis", {"image": "valkey:8"}, "valkey:8"),
        ("redis", {"image": "valkey@sha256:00"}, "valkey@sha256:00"),
    ],
)
def test_the_image(name: str, params: dict[str, str], image: str) -> None:
    assert form(name, **params).image == image


@pytest.mark.parametrize(
    ("params", "runner"),
    [
        ({}, ""),
        ({"version": "7"}, ""),
        ({"runner": "local"}, "local"),
        ({"runner": "docker"}, "docker"),
        ({"image": "valkey:8"}, "docker"),
        ({"memory": "1g"}, "docker"),
        ({"memory": ""}, ""),
    ],
)
def test_what_only_a_container_has_makes_it_one(params: dict[str, str], runner: str) -> None:
    assert form(**params).runner == runner


def test_one_that_is_in_a_container_only_is_one() -> None:
    assert form("keycloak").runner == "docker"


def test_the_names_of_other_programs_for_the_password() -> None:
    assert form("mariadb", root_password="x").password == "x"
    assert form("vault", root_token="x").password == "x"


@pytest.mark.parametrize(
    ("name", "params", "param"),
    [
        ("redis", {"runner": "local", "memory": "1g"}, "memory"),
        ("redis", {"image": "valkey:8", "tag": "9"}, "tag"),
        ("redis", {"image": "valkey:8", "version": "9"}, "version"),
        ("redis", {"version": "a b"}, "version"),
        ("mariadb", {"root_password": "x", "password": "y"}, "root_password"),
        ("redis", {"port": "-1"}, "port"),
    ],
)
def test_what_does_not_go_together_is_named(name: str, params: dict[str, str], param: str) -> None:
    with pytest.raises(ServiceParamError) as caught:
        form(name, **params)
    assert caught.value.param == param


def test_no_password_is_shown() -> None:
    assert "hidden" not in repr(form(password="hidden"))
