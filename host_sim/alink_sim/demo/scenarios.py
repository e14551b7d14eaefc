"""The scenarios of the demo: how a board is burned and how it must end.

Each scenario is data; `runner.py` runs it. The table shows its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cut(StrEnum):
    """A power cut or a wipe between burning and the end."""

    NONE = ""
    FIRST_COPY = "power fails while the board writes the first copy of the credential"
    SECOND_COPY = "power fails while the board writes the second copy of the credential"
    WIPED_NVS = "nvs is full at the second boot, so the firmware wipes it"


class Obstacle(StrEnum):
    """The reason why the platform refuses a board, or why the board cannot register."""

    NONE = ""
    WRONG_SECRET = "wrong ProductSecret"  # noqa: S105
    UNKNOWN_NAME = "DeviceName is not registered"
    SWITCHED_OFF = "Dynamic Registration is off"
    FIVE_CLIENT_IDS = "five ClientIDs are in use"
    NOTHING_BURNED = "nothing burned"
    DAMAGED = "damaged certificate"


class Secret(StrEnum):
    """The way that keeps the ProductSecret out of a flash; its text ends the note of a board."""

    IN_FLASH = ""
    NONE = "it never had the ProductSecret"
    SCRUBBED = "it erased the ProductSecret"
    IN_EFUSE = "its chip signed; software cannot read the ProductSecret"


@dataclass(frozen=True)
class Scenario:
    """One row of the table. `output` matches the last output of a board that stays offline."""

    number: str
    title: str
    layout: str = "factory"
    method: str = "register"
    secret: Secret = Secret.IN_FLASH
    cut: Cut = Cut.NONE
    obstacle: Obstacle = Obstacle.NONE
    output: str = ""
    by_default: bool = False

    @property
    def ends_online(self) -> bool:
        """Return whether this board must come online."""
        return self.obstacle is Obstacle.NONE

    @property
    def registers(self) -> bool:
        """Return whether this board registers by itself."""
        return self.secret is not Secret.NONE


SCENARIOS = (
    Scenario("1", "pre-registered", by_default=True),
    Scenario(
        "2",
        "preregistration-free",
        layout="stock",
        method="regnwl",
        by_default=True,
    ),
    Scenario("3a", "power cut in copy 1", cut=Cut.FIRST_COPY, by_default=True),
    Scenario("3b", "power cut in copy 2", layout="stock", cut=Cut.SECOND_COPY, by_default=True),
    Scenario(
        "3c",
        "power cut in copy 1",
        method="regnwl",
        cut=Cut.FIRST_COPY,
    ),
    Scenario("3d", "nvs wiped at boot", cut=Cut.WIPED_NVS, by_default=True),
    Scenario("3e", "nvs wiped at boot", layout="stock", method="regnwl", cut=Cut.WIPED_NVS),
    Scenario(
        "4a",
        "wrong ProductSecret",
        obstacle=Obstacle.WRONG_SECRET,
        output=r"registration of \S+ refused, CONNACK 4 ",
        by_default=True,
    ),
    Scenario(
        "4b",
        "unknown DeviceName",
        obstacle=Obstacle.UNKNOWN_NAME,
        output=r"registration of \S+ refused, CONNACK 4 ",
    ),
    Scenario(
        "4c",
        "registration is off",
        obstacle=Obstacle.SWITCHED_OFF,
        output=r"registration of \S+ refused, CONNACK 4 ",
    ),
    Scenario(
        "4d",
        "five ClientIDs used",
        layout="stock",
        method="regnwl",
        obstacle=Obstacle.FIVE_CLIENT_IDS,
        output=r"registration of \S+ refused, CONNACK 4 ",
    ),
    Scenario(
        "5a",
        "nothing burned",
        obstacle=Obstacle.NOTHING_BURNED,
        output=r"ProductKey, ProductSecret and DeviceName are missing",
    ),
    Scenario(
        "5b",
        "damaged certificate",
        obstacle=Obstacle.DAMAGED,
        output=r"certificate in fctry is unusable: .*DeviceName is damaged",
    ),
    Scenario("6a", 'secret = "none"', secret=Secret.NONE, by_default=True),
    Scenario("6b", "scrub = true", secret=Secret.SCRUBBED, by_default=True),
    Scenario("6c", 'where = "efuse"', secret=Secret.IN_EFUSE, by_default=True),
)
