"""A claim tells a worker how to read the secrets that it needs, and nothing of others."""

from pikoci.internal.domain.plan import Secrets
from tests.integration.internal.service.world import World

FILE = """
variable "where" {
  secret "file" {
    path = "/where.json"
    key  = "where"
  }
}
variable "feed" {
  secret "mine" {
    path = var.where
    key  = "feed"
  }
}
variable "deploy" {
  secret "other" {
    key = "deploy"
  }
}
runner_type "wrap" {
  run {
    path = "wrap"
  }
}
secret_type "mine" {
  get "wrap" {
    level = 1
  }
}
secret_type "other" {
  get "shell" {
    cmd = "get"
  }
}
resource_type "made" {
  params = ["auth"]
  check "shell" {
    cmd = "check"
  }
}
resource "made" "repo" {
  params {
    auth = var.feed
  }
}
job "one" {
  get "made" "repo" {}
}
job "two" {
  task "t" {
    env = { TOKEN = "x-${var.deploy}" }
    run "shell" {
      cmd = "deploy"
    }
  }
}
job "three" {
  task "t" {
    run "shell" {
      cmd = "test"
    }
  }
}
"""


def names(secrets: Secrets) -> tuple[list[str], list[str]]:
    return [variable.name for variable in secrets.variables], [kind.name for kind in secrets.types]


def test_a_claim_names_the_secrets_that_it_needs_with_those_behind_them(world: World) -> None:
    world.set(FILE)
    world.register()
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    world.services.scheduling.dispatch_checks()

    check = world.services.gateway.claim_check(world.resource().id, "w", "i1")
    assert names(check.secrets) == (["where", "feed"], ["mine", "file"])
    assert [runner.name for runner in check.runner_types] == ["wrap"]
    two = world.claim(world.trigger("two"))
    assert (names(two.secrets), two.runner_types) == ((["deploy"], ["other"]), [])
    assert world.claim(world.trigger("three")).secrets == Secrets()
