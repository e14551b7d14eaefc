"""Every page of the console, for tests that look at all of them."""

from __future__ import annotations

from tests.console.world import GATEWAY_PK, PK, SENSOR, TWINS

TABS = (
    "",
    "/properties",
    "/events",
    "/services",
    "/desired",
    "/shadow",
    "/tags",
    "/ota",
    "/messages",
    "/log",
)
PATHS = (
    "/",
    "/products",
    f"/products/{PK}",
    f"/products/{PK}?tab=thing-model",
    f"/products/{PK}?tab=config",
    f"/products/{PK}?tab=broadcast",
    "/devices",
    "/devices/batch",
    f"/devices/{PK}/{TWINS}",
    *(f"/devices/{PK}/{SENSOR}{tab}" for tab in TABS),
    "/boots",
    "/boots/1",
    "/ota",
    "/faults",
    "/events",
    "/devices?q=no-such-name",
)
# Pages that only the world of `full` has.
MORE = (
    f"/devices/{GATEWAY_PK}/gateway-1/topology",
    "/devices?page=3",
    f"/products/{PK}?tab=parsing",
    "/boots/3",
    "/ota/jobs/first",
)
