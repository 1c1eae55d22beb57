"""What all pages share: how they are rendered, which headers they carry, and what becomes of their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import falcon
import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pikoci.internal.api import ApiRequest, Problem
from pikoci.internal.api.parsing import read_bytes
from pikoci.internal.api.problems import PROBLEM_JSON
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.job_inputs import text_of
from pikoci.internal.domain.naming import full_name
from pikoci.internal.domain.times import relative_time, short_duration
from pikoci.internal.service import Services
from pikoci.internal.service.use_cases.idempotency import Answer
from pikoci.internal.web import times
from pikoci.internal.web.addresses import address, local_path, login_address
from pikoci.internal.web.assets import Assets

_TEMPLATES = Path(__file__).parent / "templates"
_POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 64 * 1024
_FORM_TIMEOUT = 30.0
_LONGEST_MARK = 64


class Renderer:
    """Renders templates. Whatever is put into one is escaped, unless it is `Markup`.

    `root` is the path below which users see the pages; code knows addresses without it, and templates put it before.
    """

    def __init__(self, assets: Assets, clock: Clock, root: str) -> None:
        self.root = root
        self._clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["root"] = root
        for name, function in (("asset", assets.address), ("address", address), ("login_address", login_address)):
            self._environment.globals[name] = _below(root, function)
        self._environment.globals["mark"] = token_urlsafe
        self._environment.globals["full_name"] = full_name
        for name in ("absolute", "machine"):
            self._environment.filters[name] = getattr(times, name)
        self._environment.filters.update(duration=short_duration, relative=relative_time)
        self._environment.filters.update(sentence=_sentence, input_text=text_of)

    def render(self, request: ApiRequest, response: falcon.Response, template: str, **values: Any) -> None:
        """Answer with a page; `values` are what its template names."""
        values = {"user": request.principal.user, "now": self._clock.now(), "here": request.relative_uri, **values}
        response.content_type = falcon.MEDIA_HTML
        response.text = self._environment.get_template(template).render(values)
        response.set_header("Content-Security-Policy", _POLICY)
        # With no-referrer, browsers send `Origin: null` with forms, and those would be refused.
        response.set_header("Referrer-Policy", "same-origin")


def _below(root: str, function: Callable[..., str]) -> Callable[..., str]:
    return lambda *values: root + function(*values)


def _sentence(text: str) -> str:
    """Messages of errors begin small and end without a stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) or not text else '.'}"


class Page:
    """A Falcon resource for people: its errors are answered with pages too."""

    def __init__(self, services: Services, renderer: Renderer) -> None:
        self._services = services
        self._renderer = renderer

    def _once(self, request: ApiRequest, fields: Mapping[str, str], action: Callable[[], str]) -> str:
        """Where `action` leads to, done once for each time that its form was shown: clicks come twice.

        Forms that carry no mark are done as often as they come. `IdempotencyService.run` says what may wait.
        """
        mark, user = fields.get("once", ""), request.principal.user
        if not mark or len(mark) > _LONGEST_MARK or user is None:
            return action()
        scope = f"{user.id} page {request.path}"
        answer = self._services.idempotency.run(
            scope, mark, fields.get("action", ""), lambda: Answer(status=303, body=action().encode())
        )
        return answer.body.decode()


class ErrorPages:
    """Falcon middleware that turns the API's problems into pages, where people ask."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def process_response(self, request: ApiRequest, response: falcon.Response, resource: object, _: bool) -> None:
        """Lead to the login, or to the change of password, where that is what is missing; else say what is wrong."""
        data = response.data
        if response.content_type != PROBLEM_JSON or data is None or not _for_people(request, resource):
            return None
        problem = msgspec.json.decode(data, type=Problem)
        kind = problem.slug
        response.data = None
        if kind == "password-change-required":
            return redirect(response, "/password")
        # What may not be seen cannot be told from what is not there; a login may show it.
        hidden = kind == "not-found" and request.principal.user is None
        if isinstance(resource, Page) and (kind == "unauthenticated" or hidden):
            response.delete_header("WWW-Authenticate")
            if request.method == "GET" and request.get_header("Sec-Fetch-Site") == "cross-site":
                # Behind a link on another site the browser holds a strict cookie back, until a page of ours asks.
                response.status = falcon.HTTP_200
                return self._renderer.render(request, response, "again.html", here=local_path(request.relative_uri))
            return redirect(response, login_address(request.relative_uri))
        self._renderer.render(request, response, "error.html", problem=problem, known=kind != "route-not-found")
        return None


class RootedRedirects:
    """Falcon middleware that puts the path `root` before the addresses that pages lead to."""

    def __init__(self, root: str) -> None:
        self._root = root

    def process_response(self, _: ApiRequest, response: falcon.Response, __: object, ___: bool) -> None:
        """Complete the header, if there is one."""
        location = response.get_header("Location")
        if location is not None:
            response.set_header("Location", self._root + location)


def _for_people(request: ApiRequest, resource: object) -> bool:
    if isinstance(resource, Page):
        return True
    return resource is None and "text/html" in request.accept and not request.path.startswith("/api/")


def redirect(response: falcon.Response, path: str) -> None:
    """Send the browser to another page, which it GETs."""
    response.status = falcon.HTTP_303
    response.content_type = falcon.MEDIA_HTML
    response.set_header("Location", path)


def read_form(request: ApiRequest) -> dict[str, str]:
    """The fields of a form that was sent. Raises InvalidError for what no form of ours sends."""
    if (request.content_type or "").split(";")[0].strip().lower() != _FORM:
        raise InvalidError("this is not a form", hint="programs use the API, see /api/v1/openapi.json")
    body = read_bytes(request, _MAX_FORM, _FORM_TIMEOUT)
    try:
        fields = falcon.uri.parse_query_string(body.decode(), keep_blank=True)
    except UnicodeDecodeError:
        raise InvalidError("the form is not UTF-8") from None
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}


def wanted_page(request: ApiRequest) -> str:
    """Where to go after a login."""
    return local_path(request.get_param("next", default="/"))
