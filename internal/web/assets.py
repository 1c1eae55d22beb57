"""Style sheet, scripts and icon."""

from __future__ import annotations

import hashlib
from pathlib import Path

import falcon

ASSET_PATH = "/static/{version}/{name}"

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_YEAR = 365 * 24 * 3600


class Assets:
    """The files of `static`, read once. Their address holds a hash of them all, so that browsers may keep them."""

    authenticates = False

    def __init__(self) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
        self._version = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where a file is. Raises KeyError for a file that is not there."""
        if name not in self._files:
            raise KeyError(name)
        return ASSET_PATH.format(version=self._version, name=name)

    def on_get(self, _: falcon.Request, response: falcon.Response, version: str, name: str) -> None:
        """The file. A page of another release gets this release's file, to be asked for again next time."""
        if name not in self._files:
            raise falcon.HTTPRouteNotFound
        response.data = self._files[name]
        response.content_type = _TYPES[Path(name).suffix]
        fresh = version == self._version
        response.set_header("Cache-Control", f"public, max-age={_YEAR}, immutable" if fresh else "no-cache")

    on_head = on_get
