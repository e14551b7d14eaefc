"""A fault on the script: whom it strikes, at which connection, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alink_sim.platform.faults.fault import TLS, Fault, FaultError


class Peer(Protocol):
    """The device at the other end of a connection."""

    @property
    def product_key(self) -> str:
        """Return the ProductKey it named."""

    @property
    def device_name(self) -> str:
        """Return the DeviceName it named."""

    @property
    def is_registration(self) -> bool:
        """Tell whether it registers, rather than logs in."""


@dataclass
class Scripted:
    """A fault with its target; None is everybody, every connection, every time.

    `connection` counts from 1 and from now, and only connections of the device and product named.
    Raises FaultError for a target that cannot be.
    """

    fault: Fault
    product: str | None = None
    device: str | None = None
    connection: int | None = None
    times: int | None = None
    is_over: bool = False
    seen: int = 0

    def __post_init__(self) -> None:
        if self.fault.packet == TLS and (self.product or self.device):
            raise FaultError(
                f"{self.fault} strikes before a device has said who it is: choose it by connection"
            )
        for name in ("connection", "times"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise FaultError(f"{name} is {number}; the minimum is 1")

    def meets(self, peer: Peer | None) -> bool:
        """Count a connection if it is of the target; tell whether it is the one to be struck.

        The peer is None as long as it has not said who it is.
        """
        if self.is_over or not self._is_target(peer):
            return False
        self.seen += 1
        return self.connection in (None, self.seen)

    def strike(self) -> bool:
        """Count a strike; tell whether it may still be done."""
        if self.is_over:
            return False
        if self.times is not None:
            self.times -= 1
            self.is_over = self.times == 0
        return True

    def _is_target(self, peer: Peer | None) -> bool:
        if peer is None:
            return self.product is None and self.device is None
        if self.fault.is_of_registrations and not peer.is_registration:
            return False
        wanted = (self.product, peer.product_key), (self.device, peer.device_name)
        return all(mine in (None, its) for mine, its in wanted)
