"""The form that asks for a job's inputs when somebody starts a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import falcon

from pikoci.internal.api import ApiRequest
from pikoci.internal.api.names import read_path
from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.errors import InvalidInputsError, PermissionDeniedError
from pikoci.internal.domain.job_inputs import JobInput, text_of
from pikoci.internal.domain.pipeline import JobOverview
from pikoci.internal.web.addresses import address
from pikoci.internal.web.page import Page, read_form, redirect

#: What the names of fields begin with; the input's name follows.
_FIELD = "input."


class Field(NamedTuple):
    """One input in the form: its field's name, the text in it, and what is wrong with that, if anything."""

    wanted: JobInput
    name: str
    text: str
    fault: str


class TriggerPage(Page):
    """Asks for the inputs of a job, and starts a build with them."""

    def on_get(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str) -> None:
        """The form, with the defaults. Raises NotFoundError and PermissionDeniedError."""
        overview = self._overview(request, team, pipeline, job)
        self._show(request, response, (team, pipeline), overview, _fields(overview.inputs, {}, {}))

    on_head = on_get

    def on_post(self, request: ApiRequest, response: falcon.Response, team: str, pipeline: str, job: str) -> None:
        """Start the build, and show it; or the form again, with what is wrong in it."""
        overview = self._overview(request, team, pipeline, job)
        texts = read_form(request)
        values, trigger = _values(overview.inputs, texts), self._services.builds.trigger
        try:
            name = self._once(
                request, texts, lambda: trigger(request.principal, team, pipeline, job, values=values).name
            )
        except InvalidInputsError as error:
            response.status = falcon.HTTP_400
            fields = _fields(overview.inputs, texts, error.faults)
            self._show(request, response, (team, pipeline), overview, fields)
        else:
            redirect(response, address(team, pipeline, job, name))

    def _overview(self, request: ApiRequest, team: str, pipeline: str, job: str) -> JobOverview:
        read_path({"team": team, "pipeline": pipeline, "job": job})
        overview = self._services.jobs.get(request.principal, team, pipeline, job)
        if not request.principal.may(team, Role.WRITE):
            raise PermissionDeniedError(f"only members of team {team} with the role write start builds")
        return overview

    def _show(
        self,
        request: ApiRequest,
        response: falcon.Response,
        place: tuple[str, str],
        overview: JobOverview,
        fields: list[Field],
    ) -> None:
        team, pipeline = place
        wrong = any(field.fault for field in fields)
        self._renderer.render(
            request,
            response,
            "trigger.html",
            team=team,
            pipeline=pipeline,
            job=overview.job,
            fields=fields,
            wrong=wrong,
        )


def _fields(inputs: Iterable[JobInput], texts: Mapping[str, str], faults: Mapping[str, str]) -> list[Field]:
    fields = []
    for wanted in inputs:
        name = _FIELD + wanted.name
        fields.append(Field(wanted, name, texts.get(name, _shown(wanted)), faults.get(wanted.name, "")))
    return fields


def _shown(wanted: JobInput) -> str:
    """The default as the form has it: a list is one line for each element."""
    default = wanted.default
    if default is None:
        return ""
    return "\n".join(default) if isinstance(default, list) else text_of(default)


def _values(inputs: Iterable[JobInput], texts: Mapping[str, str]) -> dict[str, object]:
    """What was filled in. What is not text and was left empty has its default; browsers send lines with CR and LF."""
    values: dict[str, object] = {}
    for wanted in inputs:
        text = texts.get(_FIELD + wanted.name)
        if text is None:
            continue
        text = text.replace("\r\n", "\n")
        if wanted.type == "list":
            values[wanted.name] = [line for line in text.split("\n") if line]
        elif text or (wanted.type == "string" and not wanted.choices):
            values[wanted.name] = text
        elif wanted.required:
            values[wanted.name] = ""
    return values
