"""The chips of the boards, by esptool's name: what they have, and what they lack.

The facts are those of ESP-IDF's description of each chip (`soc_caps.h`) and of its image format.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChipFacts:
    """The facts of a chip: its number in image headers, its cores, and its units.

    `has_hmac` is the unit that signs with a key in eFuses. `has_only_otg` says that its USB is
    the OTG controller alone: the host loses the port at each reset. `is_measured` says that the
    heap figures of the documentation are those of this chip.
    """

    image_id: int
    cores: int
    has_bluetooth: bool = True
    has_hmac: bool = True
    has_only_otg: bool = False
    is_measured: bool = False

    def limits(self) -> tuple[str, ...]:
        """Return a phrase for each thing that the chip lacks."""
        phrases = {
            "one core": self.cores == 1,
            "no Bluetooth": not self.has_bluetooth,
            "no HMAC unit, so no ProductSecret in eFuses": not self.has_hmac,
        }
        return tuple(phrase for phrase, is_so in phrases.items() if is_so)


CHIPS = {
    "esp32": ChipFacts(0, cores=2, has_hmac=False, is_measured=True),
    "esp32s2": ChipFacts(2, cores=1, has_bluetooth=False, has_only_otg=True),
    "esp32s3": ChipFacts(9, cores=2),
    "esp32c3": ChipFacts(5, cores=1),
    "esp32c6": ChipFacts(13, cores=1),
}
"""The chips that boards may have, by esptool's name."""
