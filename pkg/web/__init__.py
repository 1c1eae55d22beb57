"""The HTTP client for servers that somebody else names: each exchange is bounded in time, size and where it may lead.

What a server is and says is never trusted: it may be slow, silent, endless, lying, or lead to where only we can reach.
It is made of the standard library's client and costs little, also with the first request.
"""

from pikoci.pkg.web.client import Answer, Web, retry_after
from pikoci.pkg.web.errors import WebError, trouble
from pikoci.pkg.web.trust import trusted

__all__ = ["Answer", "Web", "WebError", "retry_after", "trouble", "trusted"]
