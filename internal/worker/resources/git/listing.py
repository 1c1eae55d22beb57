"""Which commits or tags of a mirror are new versions."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pikoci.internal.worker.execution.outcome import StepError, errored
from pikoci.internal.worker.resources.git.mirror import Mirror
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource, checked_branch
from pikoci.internal.worker.resources.model import Version

_TAG_FORMAT = "%(refname:strip=2) %(objectname) %(*objectname)"


def resolve_branch(git: Git, mirror: Mirror, source: GitSource) -> str:
    """The branch to follow: the given one, or the one that the host calls its default."""
    if source.branch:
        return source.branch
    answer = git.remote("ls-remote", "--symref", "--", source.url, "HEAD", cwd=mirror.path).decode("utf-8", "replace")
    for line in answer.splitlines():
        if line.startswith("ref: refs/heads/"):
            return checked_branch(line.removeprefix("ref: refs/heads/").split("\t")[0])
    raise StepError(errored("the repository has no default branch (it may be empty); give the resource a branch"))


def list_commits(
    git: Git, mirror: Mirror, source: GitSource, branch: str, previous: str | None, limit: int
) -> list[Version]:
    """The commits of a branch after `previous`, oldest first, along the branch's own line (first parents).

    Only the newest without a previous one, or when a forced push took that away.
    """
    tip = f"refs/heads/{branch}"
    after = previous is not None and git.succeeds("merge-base", "--is-ancestor", previous, tip, cwd=mirror.path)
    revisions = f"{previous}..{tip}" if after else tip
    count = limit if after else 1
    output = git.local(
        "rev-list", "--first-parent", "--reverse", f"--max-count={count}", revisions, *source.pathspecs, cwd=mirror.path
    )
    found: list[Version] = [{"ref": commit, "branch": branch} for commit in output.decode().split()]
    return [] if not after and found and found[0]["ref"] == previous else found


def list_tags(git: Git, mirror: Mirror, source: GitSource, previous: str | None) -> list[Version]:
    """The tags made after the tag `previous`, oldest first; only the newest without one, or when it is gone."""
    merged = [f"--merged=refs/heads/{source.branch}"] if source.branch else []
    sort = ["--sort=version:refname", "--sort=creatordate"]
    output = git.local("for-each-ref", *sort, *merged, f"--format={_TAG_FORMAT}", "refs/tags", cwd=mirror.path)
    rows = [line.split(" ") for line in output.decode("utf-8", "surrogateescape").splitlines()]
    tags: list[Version] = [
        {"ref": peeled or direct, "tag": name} for name, direct, peeled in rows if fnmatchcase(name, source.tag)
    ]
    names = [tag["tag"] for tag in tags]
    return tags[names.index(previous) + 1 :] if previous in names else tags[-1:]
