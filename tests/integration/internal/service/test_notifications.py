"""A claim brings the notifications that its job may need, and no others."""

from tests.integration.internal.service.world import PLAIN, TYPE, World

RUNNER = 'runner_type "say" {\n  run { path = "echo" }\n}\nnotification_type "own" {\n  notify "say" {}\n}\n'


def named(name: str, **attributes: str) -> str:
    lines = "".join(f"  {key} = {value}\n" for key, value in attributes.items())
    return f'notification "own" "{name}" {{\n{lines}}}\n'


def test_notifications_of_steps_and_of_the_end_go_with_the_claim(world: World) -> None:
    jobs = PLAIN.rstrip().removesuffix("}") + 'ensure {\n    notify "own" "hook" {}\n  }\n}\n'
    others = named("other", on='["all"]', jobs='["else"]') + named("manual") + 'job "else" {}\n'
    slack = 'notification "slack" "s" {\n  params { webhook_url = "https://example.com" }\n}\n'
    world.set(RUNNER + named("hook") + named("end", on='["failure"]') + others + slack + TYPE + jobs)
    world.register()
    assignment = world.claim(world.trigger())

    assert [one.canonical for one in assignment.notifications] == ["own.hook", "own.end"]
    assert [one.name for one in assignment.notification_types] == ["own"]
    assert [one.name for one in assignment.runner_types] == ["say"]


def test_a_pipeline_without_notifications_brings_none(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.register()
    assignment = world.claim(world.trigger())

    assert assignment.notifications == []
    assert assignment.notification_types == []
