"""Delivers, in the background, what builds left in their spools."""

from __future__ import annotations

from collections.abc import Iterable

from gevent.event import Event

from pikoci.internal.domain.gateway import ClaimRef, Gateway
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.sending import Answer, send_spool
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.tools.log_ids import LogIds


class SpoolShipper:
    """Keeps trying until each spool was delivered or refused, and then removes it."""

    def __init__(self, gateway: Gateway, backoff: Backoff, spools: Iterable[SpoolFile] = ()) -> None:
        self._gateway = gateway
        self._backoff = backoff
        self._spools = {spool.ref: spool for spool in spools}
        self._wake = Event()
        self._stop = Event()

    def add(self, spool: SpoolFile) -> None:
        """Take over a spool that is complete."""
        self._spools[spool.ref] = spool
        self._wake.set()

    def refs(self) -> list[ClaimRef]:
        """The claims whose events are not delivered yet; their leases are worth renewing."""
        return list(self._spools)

    def forget(self, ref: ClaimRef) -> None:
        """Drop a spool that the server no longer wants."""
        spool = self._spools.pop(ref, None)
        if spool is not None:
            spool.remove()

    def ship_all(self) -> bool:
        """Try each spool once, until one cannot be delivered now; True when nothing is left.

        That one is the last of the next round: what the server answers for it alone holds up no other.
        """
        for ref, spool in list(self._spools.items()):
            ids: LogIds = {"build_id": ref.id, "claim": ref.claim}
            if send_spool(self._gateway, spool, self._backoff, ids) is Answer.LATER:
                if self._spools.pop(ref, None) is not None:
                    self._spools[ref] = spool
                break
            self.forget(ref)
            if self._stop.is_set():
                break
        return not self._spools

    def pause(self) -> float:
        """How long to wait, in seconds, before the next round."""
        return self._backoff.pause()

    def run(self) -> None:
        """Ship whatever comes, until `stop`."""
        while not self._stop.is_set():
            if self.ship_all():
                self._backoff.reset()
                self._wake.wait()
            else:
                self._stop.wait(self.pause())
            self._wake.clear()

    def stop(self) -> None:
        """End `run` after the call it is in; the spools stay on disk."""
        self._stop.set()
        self._wake.set()
