"""Entries of the server's own store, through both gateways: for the holder of a claim whose plan names them."""

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    StaleClaimError,
)
from pikoci.internal.domain.gateway import CheckResult
from pikoci.internal.domain.secret_entries import MAX_VALUE
from tests.contract.internal.gateway.site import CONFIG, INSTANCE, NAME, Http, Site, events, hello

VARIABLES = """
variable "token" {
  secret "pikoci" {
    key = "TOKEN"
  }
}
variable "other" {
  secret "pikoci" {
    key = "OTHER"
  }
}
"""
BUILD = VARIABLES + CONFIG.replace('timeout = "1h"', "env = { TOKEN = var.token }")
CHECK = VARIABLES + CONFIG.replace('path = "/bin/true"', 'path = "/bin/true"\n    args = [var.token]', 1)
AWKWARD = 'it\'s "$HOME" `id`\n\\n €\n'


def keep(site: Site, name: str, value: str, pipeline: str = "") -> None:
    site.world.services.secrets.set(site.world.alice, "main", pipeline, name, value)


def claimed(site: Site) -> tuple[int, int]:
    """A build that this worker runs, and its claim."""
    site.world.set(BUILD)
    gateway = site.gateway()
    gateway.register(hello())
    assignment = gateway.claim_build(site.world.trigger(), NAME, INSTANCE)
    return assignment.build.id, assignment.claim


def test_each_use_has_the_value_of_then(site: Site) -> None:
    build, claim = claimed(site)
    keep(site, "TOKEN", "hunter22")
    assert site.gateway().build_secret(build, claim, "TOKEN") == "hunter22"
    keep(site, "TOKEN", AWKWARD)
    assert site.gateway().build_secret(build, claim, "TOKEN") == AWKWARD
    keep(site, "TOKEN", "x" * MAX_VALUE, pipeline="p")
    assert site.gateway().build_secret(build, claim, "TOKEN") == "x" * MAX_VALUE


def test_no_entry_is_given_that_the_plan_does_not_name(site: Site) -> None:
    build, claim = claimed(site)
    keep(site, "OTHER", "hunter22")
    with pytest.raises(PermissionDeniedError, match="does not name the entry OTHER"):
        site.gateway().build_secret(build, claim, "OTHER")
    with pytest.raises(NotFoundError, match="neither pipeline p nor team main has a secret TOKEN"):
        site.gateway().build_secret(build, claim, "TOKEN")


def test_a_build_has_what_its_own_plan_named(site: Site) -> None:
    build, claim = claimed(site)
    keep(site, "TOKEN", "hunter22")
    keep(site, "OTHER", "swordfish")
    site.world.set(BUILD.replace("var.token }", "var.other }"))
    assert site.gateway().build_secret(build, claim, "TOKEN") == "hunter22"
    with pytest.raises(PermissionDeniedError):
        site.gateway().build_secret(build, claim, "OTHER")


def test_only_the_current_claim_of_a_running_build_counts(site: Site) -> None:
    build, claim = claimed(site)
    keep(site, "TOKEN", "hunter22")
    for number in (claim + 1, claim - 1 or 9):
        with pytest.raises(StaleClaimError):
            site.gateway().build_secret(build, number, "TOKEN")
    with pytest.raises(StaleClaimError):
        site.gateway().build_secret(4_000_000, claim, "TOKEN")
    site.gateway().report(build, claim, 1, events(status=BuildStatus.FAILED))
    with pytest.raises(StaleClaimError):
        site.gateway().build_secret(build, claim, "TOKEN")


def test_another_workers_claim_opens_nothing(http: Http) -> None:
    build, claim = claimed(http)
    keep(http, "TOKEN", "hunter22")
    with pytest.raises(StaleClaimError, match="is not this worker's"):
        http.gateway("w-2", "fedcba9876543210.1").build_secret(build, claim, "TOKEN")


def test_a_check_has_what_it_names_while_it_runs(site: Site) -> None:
    site.world.set(CHECK)
    keep(site, "TOKEN", "hunter22")
    keep(site, "OTHER", "swordfish")
    gateway = site.gateway()
    gateway.register(hello())
    resource = site.world.request_check()
    claim = gateway.claim_check(resource, NAME, INSTANCE).claim
    assert gateway.check_secret(resource, claim, "TOKEN") == "hunter22"
    with pytest.raises(PermissionDeniedError):
        gateway.check_secret(resource, claim, "OTHER")
    with pytest.raises(StaleClaimError):
        gateway.check_secret(resource, claim + 1, "TOKEN")
    if isinstance(site, Http):
        with pytest.raises(StaleClaimError):
            site.gateway("w-2", "fedcba9876543210.1").check_secret(resource, claim, "TOKEN")
    gateway.finish_check(resource, claim, CheckResult())
    with pytest.raises(StaleClaimError):
        gateway.check_secret(resource, claim, "TOKEN")


def test_a_value_that_no_key_opens_is_a_conflict(site: Site) -> None:
    build, claim = claimed(site)
    keep(site, "TOKEN", "hunter22")
    keep(site, "OTHER", "swordfish")
    with site.world.store.transaction():
        session = getattr(site.world.store, "session")  # noqa: B009 - the protocol has none
        session.write("UPDATE secrets SET value = (SELECT value FROM secrets WHERE name = 'OTHER')")
    with pytest.raises(ConflictError, match="secret TOKEN of team 1 is damaged"):
        site.gateway().build_secret(build, claim, "TOKEN")
