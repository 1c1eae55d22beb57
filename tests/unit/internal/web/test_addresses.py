import pytest

from pikoci.internal.web.addresses import address, local_path, login_address


def test_names_are_quoted() -> None:
    assert address("main", "a/b", "c d", "3.1") == "/teams/main/pipelines/a%2Fb/jobs/c%20d/builds/3.1"


@pytest.mark.parametrize("path", ["/", "/teams/main/pipelines/p?cursor=x#y", "/a//b"])
def test_a_path_of_this_server_may_follow_a_login(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "teams",
        "https://example.org/",
        "//example.org/",
        "/\\example.org/",
        "\\\\example.org",
        "/\t/example.org",
        "/\n/example.org",
        " /",
        "javascript:alert(1)",
        "/ü",
        "/" + "x" * 2001,
        "/login?next=/",
        "/logout",
        "/password",
    ],
)
def test_everything_else_leads_home(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_the_login_carries_the_page_asked_for() -> None:
    assert login_address("/a?b=c&d=e") == "/login?next=/a%3Fb%3Dc%26d%3De"
