"""The will of a client of MQTT 5: a message that the platform publishes when it is lost."""

from __future__ import annotations

import asyncio
from functools import partial

from alink_sim.platform.core import Core
from alink_sim.platform.mqtt.framing import Will
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import dispatch


def carry_out(core: Core, session: Session, will: Will, *, session_expiry: int) -> None:
    """Publish the will of a session that has ended, after its delay."""
    # MQTT 5, 3.1.3.2.2: the end of the stored session ends the delay too.
    delay = min(will.properties.get("will_delay", 0), session_expiry)
    if delay:
        loop = asyncio.get_running_loop()
        core.clock.call_later(loop, delay, partial(_publish_if_away, core, session, will))
    else:
        dispatch.publish(core, session, will.topic, will.payload)


def _publish_if_away(core: Core, session: Session, will: Will) -> None:
    if not core.sessions.is_online(session.identity):
        dispatch.publish(core, session, will.topic, will.payload)
