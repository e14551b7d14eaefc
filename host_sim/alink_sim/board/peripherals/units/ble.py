"""bluetooth.BLE: scanning and advertising. Connections are not simulated."""

from __future__ import annotations

from typing import Any, ClassVar

from alink_sim.board.peripherals.units.unit import Unit, os_error
from alink_sim.board.peripherals.wiring import Wiring

_SCAN_RESULT, _SCAN_DONE = 5, 6
_PUBLIC, _CONNECTABLE = 0, 0  # Kinds of the address and of the advertisement.
_NOT_ACTIVE = 19  # ENODEV
_CONNECTIONS = (
    "gap_connect",
    "gap_disconnect",
    "gap_pair",
    "gap_passkey",
    "gattc_discover_characteristics",
    "gattc_discover_descriptors",
    "gattc_discover_services",
    "gattc_exchange_mtu",
    "gattc_read",
    "gattc_write",
    "gatts_indicate",
    "gatts_notify",
    "gatts_read",
    "gatts_register_services",
    "gatts_set_buffer",
    "gatts_write",
)


class BleUnit(Unit):
    """bluetooth.BLE."""

    key = "BLE()"
    refused: ClassVar = dict.fromkeys(_CONNECTIONS, "only scans and advertising are simulated")

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        self._active = False
        self._listens = False

    def active(self, active: Any = None) -> bool:
        """Return whether the radio is on, or switch it."""
        if active is not None:
            self._active = bool(active)
        return self._active

    def irq(self, handler: bool | None) -> None:
        """Call the handler with an event and its data."""
        self._listens = bool(handler)

    def config(self, name: str | None = None, **settings: Any) -> Any:
        """Return a setting of the radio, or change some; only "mac" has a value here."""
        del settings
        if name == "mac":
            return (_PUBLIC, self._wiring.mac)
        return None

    def gap_scan(
        self,
        duration_ms: int | None = None,
        interval_us: int = 1_280_000,
        window_us: int = 11_250,
        active: bool = False,
    ) -> None:
        """Report each device that advertises, once, then the end of the scan."""
        del interval_us, window_us, active
        self._check()
        if duration_ms is None or not self._listens:
            return
        for one in self._wiring.ble.advertisers:
            data = (_PUBLIC, one.address, _CONNECTABLE, one.rssi, one.data)
            self._wiring.interrupt(self.key, (_SCAN_RESULT, data))
        self._wiring.interrupt(self.key, (_SCAN_DONE, None))

    def gap_advertise(
        self,
        interval_us: int | None,
        adv_data: bytes | None = None,
        *,
        resp_data: bytes | None = None,
        connectable: bool = True,
    ) -> None:
        """Advertise these bytes; None for `interval_us` stops."""
        del resp_data, connectable
        self._check()
        self._wiring.ble.advertising = None if interval_us is None else adv_data or b""

    def _check(self) -> None:
        if not self._active:
            raise os_error(_NOT_ACTIVE)
