"""Params of a git resource that mean something together only."""

from __future__ import annotations

from typing import Any

from pikoci.internal.domain.forges import PROVIDERS, forge_of
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.scope import Absent
from pikoci.pkg.hcl.values import Deferred

_OF_PULLS = ("base", "labels", "drafts", "forks", "fork_label")


def check_git(node: Node | None, report: Report) -> None:
    """Report what cannot be, or has no effect, in the params of a git resource."""
    if node is None:
        return
    given = _Given(node)
    provider = given.text("provider")
    if provider and provider not in PROVIDERS:
        where = node.where("provider")
        report.error(where, f'There is no provider "{provider}"', hint=report.similar(provider, PROVIDERS))
        return
    if given.is_true("pr"):
        _check_pulls(node, given, report)
        return
    for name in _OF_PULLS:
        if name in node.free and not given.is_open("pr"):
            where = node.attributes[name].name_range
            report.warning(
                where, f'The param "{name}" of git has no effect', "It is about pull requests.", "write pr = true"
            )


def _check_pulls(node: Node, given: _Given, report: Report) -> None:
    where = node.attributes["pr"].name_range
    if given.text("tag") not in {"", "false"}:
        report.error(where, 'Both "pr" and "tag"', "Versions are pull requests or tags.", "make a resource for each")
    if given.is_true("forks") and not given.text("fork_label") and not given.is_open("fork_label"):
        report.error(
            node.attributes["forks"].name_range,
            'Missing param "fork_label" of git',
            "Anybody can open a pull request from a fork, and it would run on your workers.",
            'write fork_label = "ok to test", a label that only maintainers can set',
        )
    known = forge_of(given.text("url"), given.text("provider"), given.text("api_url"))
    if known is None and not any(given.is_open(name) for name in ("url", "provider", "api_url")):
        report.error(
            where,
            "Unknown forge",
            "The url does not tell which forge has the pull requests.",
            f'write provider = "...": {", ".join(PROVIDERS)}; the url must be one of http, https or ssh',
        )
    if "branch" in node.free:
        report.warning(
            node.attributes["branch"].name_range,
            'The param "branch" of git has no effect on which pull requests are found',
            "It is where a put pushes to.",
            "write base = ... for those that are to be merged to one branch",
        )


class _Given:
    """The values of params, as far as they are known when the pipeline is set."""

    def __init__(self, node: Node) -> None:
        self._free = node.free

    def is_open(self, name: str) -> bool:
        """Whether it is known only later, or to nobody here."""
        return isinstance(self._free.get(name), Absent | Deferred)

    def is_true(self, name: str) -> bool:
        """Whether it says yes."""
        return self._value(name) in (True, "true")

    def text(self, name: str) -> str:
        """It as text; empty where it is not given or not known."""
        value = self._value(name)
        return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else ""

    def _value(self, name: str) -> Any:
        return None if self.is_open(name) else self._free.get(name)
