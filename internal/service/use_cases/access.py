"""Who may see and do what, and finding what a request names."""

from __future__ import annotations

import re

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.build import Build
from pikoci.internal.domain.errors import NotFoundError, PermissionDeniedError, UnauthenticatedError
from pikoci.internal.domain.names import BUILD_NUMBER_PATTERN, MAX_NAME
from pikoci.internal.domain.pipeline import Job, Pipeline, ResourceState
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.suggestions import did_you_mean

_MOST_PIPELINES = 500
_NUMBER = re.compile(BUILD_NUMBER_PATTERN, re.ASCII)


def may_see(principal: Principal, pipeline: Pipeline) -> bool:
    """Whether the pipeline's state, graph and logs may be shown."""
    return pipeline.public or principal.may(pipeline.team, Role.READ, pipeline.name)


def name_of(principal: Principal) -> str:
    """Who did something, as it is shown to people; empty for a stranger."""
    return principal.user.name if principal.user else ""


def principal_of(store: Store, user_id: int) -> Principal:
    """Who a user is now, and what that user may do. Raises UnauthenticatedError when there is no such user any more."""
    user = store.accounts.get_user(user_id)
    if user is None:
        raise UnauthenticatedError("this user is gone", hint="log in as another")
    return Principal(user=user, roles=store.accounts.roles(user.id))


def require_role(principal: Principal, team: str, role: Role, pipeline: str = "") -> None:
    """Return if the principal has the role in the team, or in that pipeline of it.

    Raises UnauthenticatedError without a login, NotFoundError to whoever may not know the team, else
    PermissionDeniedError.
    """
    if principal.may(team, role, pipeline):
        return
    principal.require_user()
    token = principal.token
    if not principal.may(team, Role.READ, pipeline):
        limited = f"the token {token.name} may be for something else" if token else ""
        raise NotFoundError(f"there is no team {team}, or you are not a member", hint=limited)
    way_out = f"ask an administrator of team {team} for it"
    if token is not None and not token.role.includes(role):
        way_out = f"the token {token.name} has the role {token.role}"
    raise PermissionDeniedError(f"this needs the role {role} in team {team}", hint=way_out)


def require_login(principal: Principal) -> User:
    """The user who has logged in: what concerns logins and tokens is no API token's business.

    Raises UnauthenticatedError, PermissionDeniedError.
    """
    user = principal.require_user()
    if principal.token is not None:
        raise PermissionDeniedError("no API token may do this", hint="log in with name and password")
    return user


def require_admin(principal: Principal) -> User:
    """The global administrator that the principal is. Raises UnauthenticatedError or PermissionDeniedError."""
    user = principal.require_user()
    if not principal.is_admin:
        only = "the token is not a global administrator's" if user.is_admin else ""
        raise PermissionDeniedError("this needs a global administrator", hint=only)
    return user


def find_user(store: Store, name: str) -> User:
    """The user of that name. Raises NotFoundError."""
    user = store.accounts.find_user(name[:MAX_NAME])
    if user is None:
        raise NotFoundError(f"there is no user {name[:MAX_NAME]}")
    return user


def find_pipeline(store: Store, principal: Principal, team: str, name: str, role: Role | None = None) -> Pipeline:
    """The pipeline, if the principal may see it (`role` None) or has the role in its team.

    Raises NotFoundError also where it exists but may not be seen, and what `require_role` raises.
    """
    pipeline = store.pipelines.find(team, name)
    visible = pipeline is not None and may_see(principal, pipeline)
    if role is not None and not visible and principal.user is None:
        require_role(principal, team, role, name)
    if pipeline is None or not visible:
        # A name may be told to members only: what strangers may not see must look like what is not there.
        member = principal.may(team, Role.READ)
        page = store.pipelines.list(team, public_only=False, limit=_MOST_PIPELINES, cursor=None) if member else None
        near = did_you_mean(name, (one.name for one in page.items) if page else ())
        raise NotFoundError(f"there is no pipeline {name} in team {team}", hint=near)
    if role is not None:
        require_role(principal, team, role, name)
    return pipeline


def find_job(store: Store, pipeline: Pipeline, name: str) -> Job:
    """The job, archived or not. Raises NotFoundError, with the name that was probably meant."""
    job = store.jobs.find(pipeline.id, name)
    if job is None:
        near = did_you_mean(name, (known.name for known in store.jobs.list(pipeline.id)))
        raise NotFoundError(f"pipeline {pipeline.name} has no job {name}", hint=near)
    return job


def find_build(store: Store, pipeline: Pipeline, job: str, number: str) -> Build:
    """The build with the number that people see. Raises NotFoundError."""
    match = _NUMBER.fullmatch(number)
    found = None
    if match is not None:
        found = store.builds.find(find_job(store, pipeline, job).id, int(match[1]), int(match[2] or 0))
    if found is None:
        raise NotFoundError(f"job {job} has no build {number[:40]}")
    return found


def find_resource(store: Store, pipeline: Pipeline, canonical: str) -> ResourceState:
    """The resource (`type.name`), archived or not; its name alone is enough where no other has it.

    Raises NotFoundError, with the names that were probably meant.
    """
    resource = store.resources.find(pipeline.id, canonical)
    if resource is not None:
        return resource
    known = store.resources.list(pipeline.id)
    named = [one for one in known if one.name == canonical]
    if len(named) == 1:
        return named[0]
    if named:
        names = ", ".join(one.canonical for one in named)
        raise NotFoundError(f"pipeline {pipeline.name} has several resources {canonical}", hint=f"name one: {names}")
    near = did_you_mean(canonical, (one.canonical for one in known))
    raise NotFoundError(f"pipeline {pipeline.name} has no resource {canonical}", hint=near)
