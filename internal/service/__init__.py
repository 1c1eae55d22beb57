"""Use cases; the owner of transactions.

`build_services` puts them together. What they take, give and raise is the domain's; `use_cases.views` adds to it.
"""

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service.factory import Services, build_services
from pikoci.internal.service.plumbing.bus import EventBus, Wakeup
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.slices import give_way

__all__ = ["EventBus", "ServiceSettings", "Services", "UnavailableError", "Wakeup", "build_services", "give_way"]
