"""alink: one firmware image, boards that register themselves on Alibaba Cloud IoT Platform.

The public names are those below, and those of the feature modules. Import a feature only where you
use it: each module that is loaded takes heap.

    alink               Device, and the errors
    alink.thing         Thing: properties, services and events of a thing model
    alink.report        batches, history, tags, raw bytes, desired values
    alink.shadow        Shadow
    alink.outbox        Outbox: messages that outlive sessions and resets
    alink.rrpc          RRPC and broadcast
    alink.config        Config: remote config
    alink.cloudlog      CloudLog: log lines in the console
    alink.timesync      the time by MQTT
    alink.utc           the time of the board's clock
    alink.ota           Ota: updates over the air; alink.ota.file_target replaces a file
    alink.gateway       Gateway: sub-devices
    alink.http_channel  HttpChannel: reports over HTTPS, without a session
    alink.login         Login: for another MQTT client, such as umqtt.simple
    alink.memory        grow() for boot.py, state(): the heaps of the chip
    alink.maintenance   what a person does at the REPL

All other modules, and each name that begins with an underscore, are internal: they change without
notice, and most of them are dropped from the heap after one step (`alink.heap`).
"""

from .device import Device
from .errors import (
    AlinkError,
    MemoryShortError,
    ProtocolError,
    RefusedError,
    StoreError,
    TransportError,
    VerifyError,
)

__version__ = "0.1.0"
