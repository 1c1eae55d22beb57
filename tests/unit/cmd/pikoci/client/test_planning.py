"""What a plan says on builds and checks that would start."""

from pikoci.client.commands.planning import outlook

CHANGES = [{"kind": "added", "what": "job", "name": "x", "details": []}]


def test_jobs_are_named_with_how_many_builds_they_get() -> None:
    starts = [{"job": "deploy", "builds": 1}, {"job": "test", "builds": 3}, {"job": "lint", "builds": 20}]
    answer = {"changes": CHANGES, "starts": starts, "checks": ["git.app", "git.lib"], "unseen": 0}
    assert outlook(answer) == (
        "Builds that start at once: deploy, test (3), lint (20 or more).\nChecked at once: git.app, git.lib.\n"
    )


def test_many_are_counted_and_what_was_not_looked_at_is_said() -> None:
    starts = [{"job": f"j{number}", "builds": 1} for number in range(12)]
    told = outlook({"changes": CHANGES, "starts": starts, "checks": [], "unseen": 7})
    assert told.endswith("j9 and 2 more.\nThere was no time to look at 7 jobs.\n")


def test_nothing_is_said_too() -> None:
    assert outlook({"changes": CHANGES, "starts": [], "checks": [], "unseen": 0}) == "No build starts at once.\n"


def test_a_server_of_an_older_release_and_no_change_say_nothing() -> None:
    assert outlook({"changes": CHANGES}) == outlook({"changes": [], "starts": [], "checks": [], "unseen": 0}) == ""
