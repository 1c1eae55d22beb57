"""Pull requests as versions: the newest commit of each open one that a resource wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import structlog

from pikoci.internal.domain.forges import PROVIDERS, Forge
from pikoci.internal.domain.metadata import URL
from pikoci.internal.worker.resources.git.forge_api import ForgeApis
from pikoci.internal.worker.resources.git.mirror import Mirror, branch_refspec
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.pulls import MOST, Pull, open_pulls
from pikoci.internal.worker.resources.git.source import GitSource, checked_branch, is_branch
from pikoci.internal.worker.resources.model import ResourceCall, Version
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_log = structlog.get_logger(__name__)
_SKIPPED = ("[ci skip]", "[skip ci]")
_MESSAGES = "%H%n%B"
_LONGEST_NAME = 500


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which pull requests a resource wants. One from a fork needs `fork_label`, where any of these is wanted at all."""

    base: str = ""
    labels: frozenset[str] = frozenset()
    drafts: bool = False
    fork_label: str = ""

    def takes(self, pull: Pull) -> bool:
        """Whether this one is wanted, as far as the forge tells."""
        if pull.fork and (not self.fork_label or self.fork_label not in pull.labels):
            return False
        return (self.drafts or not pull.draft) and (not self.labels or bool(self.labels & pull.labels))


def is_wanted(params: Mapping[str, object]) -> bool:
    """Whether a resource is about pull requests."""
    return text_of(params.get("pr")) == "true"


def read_wanted(params: Mapping[str, object]) -> Wanted:
    """What `params` say. Raises StepError for forks without the label that lets them in."""
    label = text_of(params.get("fork_label"))
    if params.get("forks") and not label:
        raise StepError(failed("forks = true needs fork_label, the label by which a maintainer lets one in"))
    labels = params.get("labels") or []
    return Wanted(
        base=checked_branch(text_of(params.get("base"))),
        labels=frozenset(map(text_of, labels if isinstance(labels, list | tuple) else [labels])),
        drafts=bool(params.get("drafts")),
        fork_label=label if params.get("forks") else "",
    )


def forge_or_fail(source: GitSource) -> Forge:
    """The forge of the repository. Raises StepError where it is not known."""
    if source.forge is None:
        known = ", ".join(PROVIDERS)
        raise StepError(failed(f"the url does not tell which forge has the pull requests; give a provider: {known}"))
    return source.forge


class PullRequests:
    """The pull requests of one resource, in one check."""

    def __init__(self, call: ResourceCall, source: GitSource, git: Git, mirror: Mirror) -> None:
        self._call = call
        self._source = source
        self._git = git
        self._mirror = mirror
        self._forge = forge_or_fail(source)
        self._place = "/".join(self._forge.pull_ref(1).split("/")[:2])
        self._wanted = read_wanted(call.params)

    def listed(self, apis: ForgeApis) -> list[Pull]:
        """Those that the forge lists and the resource wants, the one that was changed last at the end."""
        token, ca = text_of(self._call.params.get("token")), self._source.ca_cert
        found = open_pulls(apis, self._call, self._forge, self._wanted.base, token=token, ca=ca)
        if found.more:
            _log.warning(
                f"more than {MOST} pull requests are open; those that were changed last are looked at",
                resource=self._call.resource.canonical,
                url=self._source.url,
            )
        return [pull for pull in reversed(found.pulls) if self._wanted.takes(pull) and self._is_named(pull)]

    def fetched(self, pulls: Sequence[Pull]) -> list[Pull]:
        """Bring their commits into the mirror, which is locked; those that can be had and touch what is wanted."""
        missing = self._missing(pulls)
        heads, bases = self._refspecs(missing)
        if missing:
            try:
                self._mirror.fetch(*heads, *bases)
            except StepError as error:
                if not _is_for_want_of_a_ref(error):
                    raise
                self._fetch_each([*heads, *bases])
        gone = {pull.commit for pull in self._missing(pulls) if not self._mirror.has(pull.commit)}
        here = [pull for pull in pulls if pull.commit not in gone]
        asked = self._skipped(here) if self._source.ci_skip else frozenset()
        return [pull for pull in here if pull.commit not in asked and self._touches(pull)]

    def about(self, pulls: Iterable[Pull]) -> dict[str, dict[str, str]]:
        """What is told of each commit beside what it says itself."""
        return {pull.commit: {"title": pull.title, URL: self._forge.pull_page(pull.number)} for pull in pulls}

    def _is_named(self, pull: Pull) -> bool:
        """Whether its branches have names that git allows. Whoever opens a pull request must not stop all others."""
        if all(len(name) <= _LONGEST_NAME and is_branch(name) for name in (pull.branch, pull.base)):
            return True
        _log.warning("passed over a pull request with an odd branch", number=pull.number, url=self._source.url)
        return False

    def _missing(self, pulls: Sequence[Pull]) -> list[Pull]:
        """Those of which the mirror has another newest commit, or none."""
        output = self._git.local(
            "for-each-ref", "--format=%(objectname) %(refname)", self._place, cwd=self._mirror.path
        )
        known = {tuple(line.split(b" ", 1)) for line in output.splitlines()}
        return [p for p in pulls if (p.commit.encode(), self._forge.pull_ref(p.number).encode()) not in known]

    def _refspecs(self, pulls: Sequence[Pull]) -> tuple[list[str], list[str]]:
        """What fetches their commits, and the branches that they are for."""
        refs = [self._forge.pull_ref(pull.number) for pull in pulls]
        return [f"+{ref}:{ref}" for ref in refs], [branch_refspec(base) for base in sorted({p.base for p in pulls})]

    def _fetch_each(self, refspecs: Iterable[str]) -> None:
        """One by one, where a ref is not there (yet), so that the others are had all the same."""
        for refspec in refspecs:
            try:
                self._mirror.fetch(refspec)
            except StepError as error:
                if not _is_for_want_of_a_ref(error):
                    raise
                ref = refspec.partition(":")[2]
                _log.warning("passed over a ref that the repository does not have", ref=ref, url=self._source.url)

    def _skipped(self, pulls: Sequence[Pull]) -> frozenset[str]:
        """The commits whose message asks not to be built."""
        if not pulls:
            return frozenset()
        options = ("--no-walk=unsorted", "--no-color", "--no-show-signature", "-z", f"--format={_MESSAGES}")
        commits = dict.fromkeys(pull.commit for pull in pulls)
        records = self._git.local("log", *options, *commits, "--", cwd=self._mirror.path).split(b"\0")
        told = (record.decode("utf-8", "replace").partition("\n") for record in records)
        return frozenset(commit for commit, _, message in told if any(sign in message for sign in _SKIPPED))

    def _touches(self, pull: Pull) -> bool:
        """Whether it changes a file that counts, since it left its base."""
        if not self._source.pathspecs:
            return True
        change = f"refs/heads/{pull.base}...{pull.commit}"
        quiet = ("diff", "--quiet", "--no-ext-diff", "--no-textconv", change)
        return not self._git.succeeds(*quiet, *self._source.pathspecs, cwd=self._mirror.path)


def _is_for_want_of_a_ref(error: StepError) -> bool:
    return error.outcome.cause is None and "find remote ref" in error.outcome.reason


def version_of(pull: Pull) -> Version:
    """As the server knows it. A title is not in it: one that is changed would be another version."""
    return {"ref": pull.commit, "pr": str(pull.number), "branch": pull.branch, "base": pull.base}


def fetch_pull(mirror: Mirror, forge: Forge, source: GitSource, version: Version, commit: str) -> None:
    """Have the commit of a pull request in the mirror, which is locked. Raises StepError where it is gone."""
    number = text_of(version.get("pr"))
    if not number.isascii() or not number.isdigit() or len(number) > 16:
        raise StepError(failed(f"the version names no pull request: {number[:40]!r}"))
    base = checked_branch(text_of(version.get("base")))
    if mirror.has(commit) and (not base or mirror.has_branch(base)):
        return
    ref = forge.pull_ref(int(number))
    head, reason = f"+{ref}:{ref}", ""
    with_base = [[head, branch_refspec(base)]] if base else []
    for refspecs in (*with_base, [head], [commit]):
        try:
            mirror.fetch(*refspecs)
        except StepError as error:
            if error.outcome.cause is not None:
                raise
            reason = error.outcome.reason
        if mirror.has(commit):
            return
    raise StepError(
        failed(
            f"{source.url} does not give the commit {commit} of pull request {number} any more; a newer one may have"
            f" taken its place{f': {reason}' if reason else ''}"
        )
    )
