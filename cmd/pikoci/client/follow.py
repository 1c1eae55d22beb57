"""Follows a build until it ends, live."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pikoci.client.session import Session
from pikoci.client.story import BuildStory
from pikoci.interrupting import end_interrupted
from pikoci.shared.build_display import BuildDisplay
from pikoci.shared.terminal import is_terminal, shows_colors

#: Team, pipeline, job and number of a build.
BuildKey = tuple[str, str, str, str]


def follow_build(session: Session, key: BuildKey) -> Any:
    """Show a build until it ends, from its beginning; returns it with its parts.

    With `--output json` nothing is shown meanwhile.
    """
    with Path(os.devnull).open("wb") as nowhere:
        seen = not session.prints_json
        out = sys.stdout.buffer if seen else nowhere
        display = BuildDisplay(out, session.now, terminal=seen and is_terminal(), colors=seen and shows_colors())
        story = BuildStory(display)
        try:
            with display.ticking():
                for event in session.api.follow_build(*key):
                    story.take(event)
        except KeyboardInterrupt:
            end_interrupted("The build goes on; `pikoci client builds cancel` stops it.")
    return session.api.builds.get(*key)
