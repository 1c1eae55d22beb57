"""Puts the pages on the application."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import falcon

from pikoci.internal.service import Services
from pikoci.internal.web.account import AccountPage
from pikoci.internal.web.assets import ASSET_PATH, Assets
from pikoci.internal.web.audit import AuditPage
from pikoci.internal.web.builds import BuildPage
from pikoci.internal.web.inputs import TriggerPage
from pikoci.internal.web.jobs import JobPage
from pikoci.internal.web.page import ErrorPages, Renderer, RootedRedirects
from pikoci.internal.web.pipelines import HomePage, PipelinePage
from pikoci.internal.web.session import LoginPage, LogoutPage, PasswordPage

PIPELINE = "/teams/{team}/pipelines/{pipeline}"
JOB = f"{PIPELINE}/jobs/{{job}}"
BUILD = f"{JOB}/builds/{{number}}"


def add_pages(app: falcon.App[Any, Any], services: Services) -> None:
    """Add every page, the static files, and pages for errors, to what `create_app` made of the same services.

    Sessions, the check that changes come from this server, and headers are the API's own.
    """
    assets = Assets()
    root = urlsplit(services.context.settings.external_url).path.rstrip("/")
    renderer = Renderer(assets, services.context.clock, root)
    app.add_middleware([RootedRedirects(root), ErrorPages(renderer)])  # the first one has the last word
    app.add_route(ASSET_PATH, assets)
    app.add_route("/login", LoginPage(services, renderer))
    app.add_route("/logout", LogoutPage(services, renderer))
    app.add_route("/password", PasswordPage(services, renderer))
    app.add_route("/account", AccountPage(services, renderer))
    app.add_route("/", HomePage(services, renderer))
    app.add_route("/audit", AuditPage(services, renderer))
    app.add_route("/teams/{team}/audit", AuditPage(services, renderer))
    app.add_route(PIPELINE, PipelinePage(services, renderer))
    app.add_route(JOB, JobPage(services, renderer))
    app.add_route(f"{JOB}/trigger", TriggerPage(services, renderer))
    app.add_route(BUILD, BuildPage(services, renderer))
