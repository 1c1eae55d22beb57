"""Which groups of users builds may run as."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from pikoci.internal.worker import user_group
from pikoci.internal.worker.user_group import BuildUsersError, find_build_users

GID = 4000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, pwd.struct_passwd]:
    """The users of a machine whose group `builds` has `b2` and `b3` as members, and is the own one of `b1`."""
    known: dict[str, pwd.struct_passwd] = {}

    def add(name: str, uid: int, gid: int, shell: str) -> None:
        known[name] = pwd.struct_passwd((name, "x", uid, gid, "", "/nonexistent", shell))

    add("b1", 4001, GID, "/usr/sbin/nologin")
    add("b2", 4002, 1, "/bin/false")
    add("b3", 4003, 1, "/sbin/nologin")
    monkeypatch.setattr(grp, "getgrnam", {"builds": grp.struct_group(("builds", "x", GID, ["b2", "b3"]))}.__getitem__)
    monkeypatch.setattr(pwd, "getpwnam", known.__getitem__)
    monkeypatch.setattr(pwd, "getpwall", lambda: list(known.values()))
    monkeypatch.setattr(user_group, "_require_capabilities", lambda: None)
    return known


def test_no_group_is_no_users() -> None:
    assert find_build_users("") == ()


@pytest.mark.usefixtures("machine")
def test_members_of_both_kinds_are_found_with_the_groups_own_id() -> None:
    found = find_build_users("builds")
    assert [(user.name, user.uid, user.gid) for user in found] == [
        ("b1", 4001, GID),
        ("b2", 4002, GID),
        ("b3", 4003, GID),
    ]


def test_an_unknown_group_says_how_to_make_one() -> None:
    with pytest.raises(BuildUsersError, match="no group 'no-such-group'") as found:
        find_build_users("no-such-group")
    assert "groupadd --system no-such-group" in found.value.hint


@pytest.mark.parametrize(
    ("name", "uid", "shell", "says"),
    [
        ("b2", 0, "/usr/sbin/nologin", "b2 in the group builds is root"),
        ("b2", os.getuid() or 1, "/usr/sbin/nologin", "own user"),
        ("b2", 4002, "/bin/bash", "b2 in the group builds can log in with /bin/bash"),
        ("b2", 4002, "", "b2 in the group builds can log in with /bin/sh"),
    ],
)
def test_who_is_somebody_is_refused(
    machine: dict[str, pwd.struct_passwd], monkeypatch: pytest.MonkeyPatch, name: str, uid: int, shell: str, says: str
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() or 1)
    machine[name] = pwd.struct_passwd((name, "x", uid, 1, "", "/nonexistent", shell))
    with pytest.raises(BuildUsersError, match=says):
        find_build_users("builds")


def test_a_member_that_is_not_there_and_a_group_without_any_are_refused(
    machine: dict[str, pwd.struct_passwd], monkeypatch: pytest.MonkeyPatch
) -> None:
    del machine["b3"]
    with pytest.raises(BuildUsersError, match="'b3', which this machine does not have"):
        find_build_users("builds")
    monkeypatch.setattr(grp, "getgrnam", lambda name: grp.struct_group((name, "x", 5000, [])))
    with pytest.raises(BuildUsersError, match="the group builds has no members"):
        find_build_users("builds")


def test_missing_rights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # no ambient capabilities here
    with pytest.raises(BuildUsersError, match="it lacks CAP_CHOWN, CAP_DAC_OVERRIDE") as found:
        user_group._require_capabilities()
    assert "AmbientCapabilities=" in found.value.hint
