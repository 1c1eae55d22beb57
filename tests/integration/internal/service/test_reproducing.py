"""What a build's job needs to run elsewhere, and what of it is not told."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.service.use_cases.views import Reproduction
from tests.integration.internal.service.world import PLAIN, TYPE, World

CONFIG = (
    TYPE
    + """
variable "plain" {}
variable "defaulted" { default = "d" }
variable "token" { sensitive = true }
variable "hidden" {
  sensitive = var.plain == "p"
  default   = "x"
}
variable "unused" { sensitive = true }
variable "stored" {
  secret "file" {
    path = "/none.json"
    key  = "k"
  }
}
variable "elsewhere" {
  secret "file" {
    path = "/none.json"
    key  = "k"
  }
}
job "run" {
  input "who" { default = "nobody" }
  get "made" "repo" {}
  task "t" {
    env = {
      A = var.token
      B = var.stored
    }
    run "exec" { path = "/bin/true" }
  }
}
job "other" {
  task "t" {
    env = { C = var.elsewhere }
    run "exec" { path = "/bin/true" }
  }
}
"""
)
GIVEN = {"plain": "p", "token": "s3cret", "unused": "other", "hidden": "h", "never-declared": "what"}


def reproduction(world: World, build: Build) -> Reproduction:
    return world.services.builds.reproduction(world.alice, "main", "p", build.job, build.name)


def set_with(world: World, config: str, values: dict[str, object]) -> None:
    world.services.pipelines.set(world.alice, "main", "p", config, values)


def test_secret_values_are_named_and_not_told(world: World) -> None:
    set_with(world, CONFIG, dict(GIVEN))
    world.find_versions("1", "2")
    build = world.services.builds.trigger(world.alice, "main", "p", "run", None, {"who": "ada"})
    told = reproduction(world, build)
    assert told.variables == {"plain": "p"}
    assert told.secrets == ["hidden", "never-declared", "stored", "token", "unused"]
    assert told.inputs == {"repo": {"v": "2"}}
    assert told.build.values == {"who": "ada"}
    assert (told.config, told.changed_since) == (CONFIG, False)


def test_a_value_given_in_place_of_a_stored_secret_is_one_too(world: World) -> None:
    set_with(world, CONFIG, {**GIVEN, "stored": "here", "elsewhere": "there"})
    told = reproduction(world, world.trigger("other"))
    assert {"stored", "elsewhere"} <= set(told.secrets)
    assert told.variables == {"plain": "p"}


def test_it_says_that_the_file_is_not_that_of_the_build(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.clock.advance(1)
    assert not reproduction(world, build).changed_since
    world.set(PLAIN + "\n# again\n")
    assert reproduction(world, build).changed_since


def test_a_job_that_left_the_pipeline_cannot_be_run_elsewhere(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.set(PLAIN.replace('"run"', '"new"'))
    with pytest.raises(ConflictError, match="job run is no longer in pipeline p"):
        reproduction(world, build)
