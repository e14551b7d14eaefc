"""The DeviceName of a board: from the CSV, its MAC, a scanned serial number, or a template.

With the scheme "board", the certificate holds a pattern and the board completes it: all boards of
the batch have one image. The line completes it too, from the MAC that esptool reads.

Limits: docs/explanation/identity.md, 4 to 32 letters, digits and - _ @ . :
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from alink_factory.errors import BatchError
from alink_formats import board_names, tables

SCHEMES = ("given", "mac", "scan", "template", "board")
_FIELDS = {"counter", "mac", "mac6", "serial", "product_key"}


@dataclass(frozen=True)
class Naming:
    """The rule that gives each board its DeviceName.

    `scheme` is one of SCHEMES. `template` is Python's format with the fields counter, mac (12
    hexadecimal digits), mac6 (the last 6), serial and product_key, as in "lamp-{counter:06d}". Of
    the scheme "board" it is the pattern that is burned, "{mac}" without one.
    """

    scheme: str = "given"
    template: str = ""
    start: int = 1

    def check(self) -> None:
        """Raise BatchError if the scheme is unknown or its template is wrong."""
        if self.scheme not in SCHEMES:
            known = tables.nearest(self.scheme, SCHEMES)
            raise BatchError(f"device_name.scheme is {self.scheme!r}: {known}")
        if self.names_itself:
            self._check_pattern()
            return
        if self.scheme == "template" and not self.template:
            raise BatchError(
                'device_name.template is missing: write one, as in "lamp-{counter:06d}"'
            )
        unknown = self._fields - _FIELDS
        if unknown:
            known = tables.nearest(min(unknown), sorted(_FIELDS))
            raise BatchError(f"device_name.template has {{{min(unknown)}}}: {known}")
        try:
            self._format(counter=1, mac="a" * 12, serial="1", product_key="a1")
        except (ValueError, IndexError, KeyError) as error:
            raise BatchError(f"device_name.template {self.template!r}: {error}") from error

    def _check_pattern(self) -> None:
        try:
            made = board_names.complete(self.own_pattern, board_names.EXAMPLE_MAC)
        except ValueError as error:
            raise BatchError(f"device_name.template {error}") from error
        if made == self.own_pattern:
            raise BatchError(
                f"device_name.template {self.own_pattern!r} gives every board the same name: put "
                f"{board_names.ALLOWED} into it"
            )

    @property
    def names_itself(self) -> bool:
        """Whether the certificate holds a pattern that each board completes."""
        return self.scheme == "board"

    @property
    def own_pattern(self) -> str:
        """The pattern in the certificate of a board that names itself."""
        return self.template or "{mac}"

    def burned(self, device_name: str) -> str:
        """Return what the certificate of a board with this DeviceName holds as DeviceName."""
        return self.own_pattern if self.names_itself else device_name

    @property
    def is_one_for_all(self) -> bool:
        """Whether the template gives every board the same name."""
        return self.scheme == "template" and not self._fields - {"product_key"}

    @property
    def needs_mac(self) -> bool:
        """Whether the name is only known once a board is connected."""
        return self.scheme in ("mac", "board") or bool(self._fields & {"mac", "mac6"})

    @property
    def needs_scan(self) -> bool:
        """Whether each board needs a scan, even if the row has the serial number."""
        return self.scheme == "scan"

    @property
    def needs_serial(self) -> bool:
        """Whether the name needs a serial number, scanned or in the rows."""
        return self.scheme == "scan" or "serial" in self._fields

    def name(self, *, counter: int, mac: str, serial: str, product_key: str) -> str:
        """Return the DeviceName; `mac` is 12 hexadecimal digits."""
        if self.names_itself:
            return board_names.complete(self.own_pattern, mac)
        return self._format(counter=counter, mac=mac, serial=serial, product_key=product_key)

    @property
    def _fields(self) -> set[str]:
        if self.names_itself:
            return set()
        try:
            parts = list(string.Formatter().parse(self._pattern))
        except ValueError as error:
            raise BatchError(f"device_name.template {self.template!r}: {error}") from error
        return {name for _, name, _, _ in parts if name is not None}

    @property
    def _pattern(self) -> str:
        return self.template or {"mac": "{mac}", "scan": "{serial}"}.get(self.scheme, "")

    def _format(self, *, counter: int, mac: str, serial: str, product_key: str) -> str:
        return self._pattern.format(
            counter=counter, mac=mac, mac6=mac[-6:], serial=serial, product_key=product_key
        )
