"""Device Details: subscriptions, message trace, log, messages to the device."""

from __future__ import annotations

import itertools

from aiohttp import web

from alink_sim.platform.console.pages.device_frame import device_of, tab_address, tab_page
from alink_sim.platform.console.visit import Visit

_SHOWN = 50
_LONGEST = 2000


async def messages(visit: Visit) -> web.Response:
    """Show the subscriptions and the newest packets of a device."""
    device = device_of(visit)
    return tab_page(
        visit,
        "device_messages.html",
        "messages",
        sessions=visit.view.sessions(device),
        packets=visit.view.packets_of(device, most=_SHOWN),
    )


async def send(visit: Visit) -> web.Response:
    """Send a message on a topic of the device."""
    device = device_of(visit)
    there = tab_address(device, "messages")
    payload = str(visit.form.get("payload", "")).encode()
    view, cloud = visit.view, visit.view.cloud
    try:
        if visit.field("how") == "ask":
            view.check_online(device)
            answer = await view.do(
                cloud.rrpc,
                device.product_key,
                device.name,
                payload,
                topic=visit.field("topic"),
            )
            text = answer.payload.decode(errors="replace")[:_LONGEST]
            notice = visit.words("The request ended with")
            return visit.go(
                there, f"{notice} {answer.code.value}. {text}", is_error=answer.code != "SUCCESS"
            )
        sent = await view.do(
            cloud.send,
            device.product_key,
            device.name,
            visit.field("topic"),
            payload,
            qos=1 if visit.field("qos") == "1" else 0,
        )
    except ValueError as error:
        return visit.go(there, visit.says(error), is_error=True)
    if not sent:
        notice = visit.words(
            "Not sent: the device is offline, or has not subscribed to the topic."
        )
        return visit.go(there, notice, is_error=True)
    return visit.go(there, visit.words("The message was sent."))


async def log(visit: Visit) -> web.Response:
    """Show the events of a device, and the lines of the log that it uploads."""
    device = device_of(visit)
    client_id = visit.query("client_id")
    newest = list(visit.view.journal.of_device(device.product_key, device.name))
    found = (event for event in newest if client_id in ("", event.client_id))
    lines = (event for event in newest if event.kind == "device_log")
    return tab_page(
        visit,
        "device_log.html",
        "log",
        events=list(itertools.islice(found, _SHOWN)),
        lines=list(itertools.islice(lines, _SHOWN)),
        client_id=client_id,
        log_mode=device.documents.get("log_mode", 0),
    )


async def set_log_mode(visit: Visit) -> web.Response:
    """Switch the upload of the device's log."""
    device = device_of(visit)
    wanted = visit.field("on") == "1"
    return await visit.attempt(
        visit.view.do(visit.view.cloud.set_log_mode, device.product_key, device.name, on=wanted),
        then=tab_address(device, "log"),
        done=visit.words("The log upload is on.")
        if wanted
        else visit.words("The log upload is off."),
    )


ROUTES = (
    ("GET", "/devices/{pk}/{dn}/messages", messages),
    ("POST", "/devices/{pk}/{dn}/messages", send),
    ("GET", "/devices/{pk}/{dn}/log", log),
    ("POST", "/devices/{pk}/{dn}/log", set_log_mode),
)
