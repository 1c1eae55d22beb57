"""Setting a pipeline makes it so, and nothing is lost on the way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import BuildStatus, Standing
from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    InvalidPipelineError,
    NotFoundError,
    PermissionDeniedError,
    TooLargeError,
    UnauthenticatedError,
)
from pikoci.internal.service import ServiceSettings, build_services
from tests.integration.internal.service.test_report import CHAIN
from tests.integration.internal.service.world import PLAIN, TYPE, World

OUTSIDER = Principal()


def member(world: World, role: Role) -> Principal:
    with world.store.transaction():
        user = world.store.accounts.create_user(f"the-{role}", "no hash", is_admin=False, must_change_password=False)
    return Principal(user=user, roles={"main": role})


def job_names(world: World) -> list[str]:
    return [overview.job.name for overview in world.services.jobs.list(world.alice, "main", "p")]


def test_a_plan_says_what_setting_does_and_does_nothing(world: World) -> None:
    planned, _ = world.services.pipelines.plan(world.alice, "main", "p", PLAIN, {})
    with pytest.raises(NotFoundError):
        world.services.pipelines.get(world.alice, "main", "p")
    _, done = world.services.pipelines.set(world.alice, "main", "p", PLAIN, {})
    assert done == planned
    assert [(change.kind, change.name) for change in done.changes] == [("added", "run")]


def test_setting_the_same_again_changes_nothing(world: World) -> None:
    first, _ = world.services.pipelines.set(world.alice, "main", "p", PLAIN, {})
    again, done = world.services.pipelines.set(world.alice, "main", "p", PLAIN, {})
    assert again == first
    assert done.changes == []


def test_a_job_that_leaves_keeps_its_history_and_comes_back_with_it(world: World) -> None:
    other = PLAIN.replace('job "run"', 'job "other"')
    world.set(PLAIN + other)
    world.run(world.trigger("run"))
    world.set(other)
    assert job_names(world) == ["other"]
    assert world.services.jobs.get(world.alice, "main", "p", "run").job.archived
    assert len(world.builds("run")) == 1
    world.set(other + PLAIN)
    assert job_names(world) == ["other", "run"]
    assert world.trigger("run").number == 2


def test_every_finding_of_a_bad_file_is_reported_and_nothing_is_stored(world: World) -> None:
    bad = PLAIN.replace('run "exec"', 'run "nonsense"') + 'job "b" {\n  colour = "red"\n}\n'
    with pytest.raises(InvalidPipelineError) as caught:
        world.services.pipelines.set(world.alice, "main", "p", bad, {})
    assert len(caught.value.diagnostics) >= 2
    with pytest.raises(NotFoundError):
        world.services.pipelines.get(world.alice, "main", "p")


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "ä", "x" * 101])
def test_a_name_that_cannot_be_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidError, match="cannot be a pipeline's name"):
        world.services.pipelines.set(world.alice, "main", name, PLAIN, {})


def test_a_file_that_is_too_large_is_refused(world: World) -> None:
    text = "#" * (ServiceSettings().max_config_size + 1)
    with pytest.raises(TooLargeError):
        world.services.pipelines.set(world.alice, "main", "p", text, {})


def test_a_team_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError, match="no team"):
        world.services.pipelines.set(world.alice, "nobody", "p", PLAIN, {})


def test_deleting_takes_everything_along(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.run(world.trigger())
    world.services.pipelines.delete(world.alice, "main", "p")
    world.set(TYPE + PLAIN)
    assert world.builds() == []


def test_outsiders_see_public_pipelines_only_and_no_secrets(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    pipelines = world.services.pipelines
    assert pipelines.list(OUTSIDER, None).items == []
    with pytest.raises(NotFoundError):
        pipelines.get(OUTSIDER, "main", "p")
    pipelines.publish(world.alice, "main", "p")
    assert [one.pipeline.name for one in pipelines.list(OUTSIDER, None).items] == ["p"]
    assert len(pipelines.graph(OUTSIDER, "main", "p").nodes) == 3
    (view,) = world.services.resources.list(OUTSIDER, "main", "p")
    assert (view.resource.webhook_token, view.latest) == ("", None)
    assert world.services.builds.get(OUTSIDER, "main", "p", "up", "1").inputs == []
    with pytest.raises(UnauthenticatedError):
        pipelines.source(OUTSIDER, "main", "p")
    with pytest.raises(UnauthenticatedError):
        world.services.resources.versions(OUTSIDER, "main", "p", "made.repo")
    pipelines.unpublish(world.alice, "main", "p")
    with pytest.raises(NotFoundError):
        pipelines.get(OUTSIDER, "main", "p")


def test_roles(world: World) -> None:
    world.set(TYPE + PLAIN)
    reader, writer = member(world, Role.READ), member(world, Role.WRITE)
    assert world.services.pipelines.source(reader, "main", "p").strip().startswith("resource_type")
    assert world.services.resources.get(reader, "main", "p", "made.repo").resource.webhook_token == ""
    assert world.services.resources.get(writer, "main", "p", "made.repo").resource.webhook_token != ""
    for action in (world.services.pipelines.pause, world.services.pipelines.publish, world.services.pipelines.delete):
        with pytest.raises(PermissionDeniedError):
            action(reader, "main", "p")
    with pytest.raises(PermissionDeniedError):
        world.services.pipelines.set(writer, "main", "p", PLAIN, {})
    assert [one.pipeline.name for one in world.services.pipelines.list(reader, None).items] == ["p"]
    assert world.services.pipelines.list(Principal(user=reader.user), None).items == []


def test_the_graph_shows_what_flows_where(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    world.run(world.builds("up")[0])
    graph = world.services.pipelines.graph(world.alice, "main", "p")
    assert [(node.id, node.status) for node in graph.nodes] == [
        ("resource:made.repo", None),
        ("job:up", Standing(BuildStatus.SUCCEEDED, None)),
        ("job:run", Standing(None, BuildStatus.PENDING)),
    ]
    assert [(edge.source, edge.target, edge.kind, edge.trigger) for edge in graph.edges] == [
        ("resource:made.repo", "job:up", "get", True),
        ("job:up", "job:run", "passed", True),
    ]


def test_a_changed_file_is_seen_by_a_server_that_has_the_old_one_cached(world: World) -> None:
    """Two servers on one database: caches are by revision, so none is ever stale."""
    world.set(PLAIN)
    world.trigger()
    World(world.store).set(PLAIN + PLAIN.replace('job "run"', 'job "new"'))
    assert world.trigger("new").number == 1


def test_a_running_build_hides_no_result(world: World) -> None:
    world.set(PLAIN)
    world.run(world.trigger(), BuildStatus.FAILED)
    older, newer = world.trigger(), world.trigger()
    world.claim(older)
    world.services.builds.cancel(world.alice, "main", "p", "run", newer.name)
    expected = Standing(BuildStatus.CANCELLED, BuildStatus.STARTED)
    assert world.services.jobs.get(world.alice, "main", "p", "run").standing == expected
    overview = world.services.pipelines.get(world.alice, "main", "p")
    assert overview.standing == expected
    assert [node.status for node in world.services.pipelines.graph(world.alice, "main", "p").nodes] == [expected]
    world.set(PLAIN.replace('"run"', '"other"', 1))
    assert world.services.jobs.get(world.alice, "main", "p", "run").standing == expected  # archived now


class Meanwhile:
    """Reads pipeline files, and lets something else happen while it does."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self._events = list(events)

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if self._events:
            self._events.pop(0)()
        return result


def set_meanwhile(world: World, config: str, *events: Callable[[], object], **options: bool) -> list[str]:
    """Set pipeline p while this happens; the changes that were made."""
    services = build_services(
        world.store, world.publisher, world.clock, jwt_secret="s" * 32, read_pipeline=Meanwhile(*events)
    )
    _, done = services.pipelines.set(world.alice, "main", "p", config, {}, **options)
    return [f"{change.kind} {change.name}" for change in done.changes]


def test_what_somebody_else_sets_meanwhile_is_what_a_file_changes(world: World) -> None:
    other = PLAIN.replace('"run"', '"other"')
    assert set_meanwhile(world, PLAIN, lambda: world.set(other)) == ["added run", "removed other"]
    assert set_meanwhile(world, other, lambda: world.set(PLAIN + other)) == ["removed run"]
    assert job_names(world) == ["other"]
    assert world.trigger("other").number == 1


def test_a_pipeline_that_must_be_new_is_not_set_over_one_that_appeared_meanwhile(world: World) -> None:
    with pytest.raises(ConflictError, match="has a pipeline p already"):
        set_meanwhile(world, PLAIN, lambda: world.set(PLAIN.replace('"run"', '"other"')), must_be_new=True)
    assert job_names(world) == ["other"]


def test_a_pipeline_that_is_set_again_and_again_meanwhile_is_given_up(world: World) -> None:
    others = [partial(world.set, PLAIN.replace('"run"', f'"other{number}"')) for number in range(9)]
    with pytest.raises(ConflictError, match="again and again"):
        set_meanwhile(world, PLAIN, *others)


def test_jobs_take_their_places_in_the_file(world: World) -> None:
    jobs = [PLAIN.replace('"run"', f'"{name}"') for name in "abcd"]
    world.set("".join(jobs))
    world.set(jobs[3] + jobs[1] + jobs[0])
    assert job_names(world) == ["d", "b", "a"]
    world.set(jobs[2] + jobs[3] + jobs[1] + jobs[0])
    assert job_names(world) == ["c", "d", "b", "a"]
