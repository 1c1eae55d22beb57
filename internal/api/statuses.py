"""Which problems an operation may answer with: what follows from the kind of its route, and what the route adds."""

from __future__ import annotations

from pikoci.internal.api.route import JSON, Route


def problems(route: Route) -> list[int]:
    """The statuses, in order. 405 is for methods that an address has not, 500 for mistakes of the server."""
    found = {*route.problems, *_of_form(route), *_of_caller(route)}
    if "{" in route.path:
        found.add(404)
    if route.authenticates or route.for_workers:
        found.add(503)
    return sorted(found)


def reads_body(route: Route) -> bool:
    """Whether what comes with the request is read, if only to refuse it."""
    if route.for_workers:
        return route.has_body
    return route.method != "GET" and (route.authenticates or route.has_body)


def _of_form(route: Route) -> set[int]:
    if not reads_body(route):
        is_checked = "{" in route.path or route.query is not None or route.authenticates or route.for_workers
        return {400} if is_checked else set()
    found = {400, 408, 413}
    if route.takes == JSON or route.body is not None:
        found.add(415)
    return found


def _of_caller(route: Route) -> set[int]:
    if route.for_workers:
        return {401}
    if not route.authenticates:
        return set()
    found = {401}
    if not route.before_password_change or route.method != "GET":
        found.add(403)
    if route.takes_key:
        found.add(422)
    return found
