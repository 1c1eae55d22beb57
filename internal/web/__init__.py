"""Pages and static files, on the application of the API.

`add_pages` is all that other rooms use.
"""

from pikoci.internal.web.application import add_pages

__all__ = ["add_pages"]
