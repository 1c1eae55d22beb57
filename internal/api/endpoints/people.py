"""Users, teams and their members."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import Membership, NewTeam, NewUser, PageQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.accounts import Role
from pikoci.internal.service import Services


class People:
    """`/users`, `/teams` and `/teams/{team}/members`."""

    def __init__(self, services: Services) -> None:
        self._accounts = services.accounts

    def users(self, request: ApiRequest, query: PageQuery) -> views.Listing[views.UserView]:
        """All users, for global administrators."""
        found = [render.user(one) for one in self._accounts.list_users(request.principal)]
        return render.part(found, query.limit, query.cursor)

    def create_user(self, request: ApiRequest, body: NewUser) -> views.UserView:
        """Make a user."""
        made = self._accounts.create_user(request.principal, body.name, body.password, is_admin=body.is_admin)
        return render.user(made)

    def teams(self, request: ApiRequest, query: PageQuery) -> views.Listing[views.TeamView]:
        """The teams that the caller is in; all of them for a global administrator."""
        found = [views.TeamView(one.name) for one in self._accounts.list_teams(request.principal)]
        return render.part(found, query.limit, query.cursor)

    def create_team(self, request: ApiRequest, body: NewTeam) -> views.TeamView:
        """Make a team."""
        return views.TeamView(self._accounts.create_team(request.principal, body.name).name)

    def members(self, request: ApiRequest, team: str, query: PageQuery) -> views.Listing[views.MemberView]:
        """The team's members with their roles."""
        members = self._accounts.members(request.principal, team)
        found = [views.MemberView(user.name, role.value) for user, role in members]
        return render.part(found, query.limit, query.cursor)

    def set_member(self, request: ApiRequest, team: str, user: str, body: Membership) -> None:
        """Make a user a member of the team, or change the role."""
        self._accounts.set_role(request.principal, team, user, Role(body.role))

    def remove_member(self, request: ApiRequest, team: str, user: str) -> None:
        """End a membership."""
        self._accounts.set_role(request.principal, team, user, None)
