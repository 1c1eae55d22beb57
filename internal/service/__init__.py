"""Use cases; the owner of transactions.

Other rooms import `build_services`, the data in `service.model` and the errors in `service.errors`.
"""

from pikoci.internal.service.bus import EventBus, Wakeup
from pikoci.internal.service.factory import Services, build_services
from pikoci.internal.service.settings import ServiceSettings

__all__ = ["EventBus", "ServiceSettings", "Services", "Wakeup", "build_services"]
