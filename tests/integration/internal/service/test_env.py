"""Environment variables of a pipeline's file reach builds and checks."""

from tests.integration.internal.service.world import PLAIN, TYPE, World


def test_the_environment_of_the_file_goes_with_every_claim(world: World) -> None:
    world.set(f'env = {{ REGION = "eu" }}\n{TYPE}{PLAIN}')
    world.register()
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    world.services.scheduling.dispatch_checks()

    assert world.services.gateway.claim_check(world.resource().id, "w", "i1").env == {"REGION": "eu"}
    assert world.claim(world.trigger()).env == {"REGION": "eu"}
