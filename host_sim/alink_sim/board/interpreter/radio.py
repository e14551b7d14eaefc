"""The Wi-Fi around a board: its network, a radio that goes off, late DHCP, a captive portal."""

from __future__ import annotations

import math
from pathlib import Path

from alink_sim.board.interpreter.portal import Portal
from alink_sim.board.interpreter.state import BoardState, overwrite

_GOOD_RSSI, _WEAK_RSSI = -55, -88  # dBm
_ON, _OFF, _MUTE, _CAPTIVE = 0, 1, 2, 3
_PORTAL = "* 192.168.4.1\n"  # Every name is the portal's.


class Wifi:
    """The access point of a board. A test changes it at any time.

    `network.WLAN.status()` then is 201 for a network that is not there, 202 for a wrong password,
    200 after a loss, 1001 while the board joins or waits for its address, 1010 with an address.
    """

    def __init__(self, path: Path, state: BoardState) -> None:
        """`path` is the board's file `wifi`."""
        self._path = path
        self._state = state
        self._network = ("", "")
        self._rssi = _GOOD_RSSI
        self._dhcp_ms = 0
        self._radio = _ON
        self._delay_ms = 0
        self._names: str | None = None
        self._portal: Portal | None = None

    def set_names(self, names: str) -> None:
        """Set the names that the network resolves, the content of the board's file `hosts`."""
        self._names = names
        self.apply()

    def set_network(self, ssid: str, password: str) -> None:
        """Set the network in range; an empty `ssid` accepts any name and password."""
        self._network = (ssid, password)
        self.apply()

    def off(self) -> None:
        """Switch the access point off: the board loses it, names do not resolve, bytes stop."""
        self._radio = _OFF
        self.apply()

    def mute(self) -> None:
        """Cut the line behind the access point: `isconnected()` stays True, and bytes stop."""
        self._radio = _MUTE
        self.apply()

    def on(self) -> None:
        """Bring access point and line back, with a good signal."""
        self._radio, self._delay_ms, self._rssi = _ON, 0, _GOOD_RSSI
        self.apply()

    def captive(self) -> None:
        """Put a captive portal into the network: it resolves every name to itself.

        It redirects HTTP on port 80 to its own page, and resets all other connections, open ones
        too. Datagrams are lost. `isconnected()` stays True.
        """
        self._radio = _CAPTIVE
        self.apply()

    def weaken(self, *, rssi: int = _WEAK_RSSI, delay_ms: int = 200) -> None:
        """Make the link weak: each read and write takes `delay_ms` (up to 2550) longer."""
        if not 0 <= delay_ms <= 2550:
            raise ValueError(f"delay_ms is {delay_ms}; allowed range is 0 to 2550")
        self._rssi, self._delay_ms = rssi, delay_ms
        self.apply()

    def delay_dhcp(self, seconds: float) -> None:
        """Let the address come this much later, at each join. Raises ValueError."""
        try:
            good = 0 <= seconds < math.inf
        except TypeError:
            good = False
        if not good:
            raise ValueError(f"the delay of DHCP is {seconds!r}; write seconds from 0")
        self._dhcp_ms = round(seconds * 1000)
        self.apply()

    def apply(self) -> None:
        """Write the state for the process of the board."""
        lines = (f"{self._rssi} {self._dhcp_ms} {self._radio}", *self._network)
        # The board holds the file open and may read it at any moment: never truncate it first.
        with self._path.open("r+b" if self._path.exists() else "wb") as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.truncate()
        self._redirect()
        self._state.set_radio(
            silent=self._radio != _ON,
            delay_ms=self._delay_ms,
            portal=self._portal.port if self._portal else 0,
        )

    def close(self) -> None:
        """Stop serving a captive portal until `apply`."""
        if self._portal:
            self._portal.close()
            self._portal = None

    def _redirect(self) -> None:
        hosts = self._path.with_name("hosts")
        if self._radio != _CAPTIVE:
            self.close()
            if self._names is not None:
                overwrite(hosts, self._names)
            return
        self._portal = self._portal or Portal()
        if self._names is None:
            self._names = hosts.read_bytes().decode()
        overwrite(hosts, _PORTAL)
