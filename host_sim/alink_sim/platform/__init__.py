"""The simulated IoT Platform: the rules of the live one, on a laptop.

All that a user needs is exported here. Everything else is internal, in rooms (packages): each
package's docstring says what it holds and which rooms it imports.
"""

from __future__ import annotations

from alink_sim.platform.faults import Fault, FaultError
from alink_sim.platform.openapi.client import cloud_client
from alink_sim.platform.openapi.keys import AccessKey, AccessKeyError
from alink_sim.platform.ota.packages import UpgradeError
from alink_sim.platform.platform import Listen, Platform
from alink_sim.platform.state.data_script import Script, ScriptError
from alink_sim.platform.state.entities import ClientId, Device, Product, Status
from alink_sim.platform.state.event_log import Event, ExpectationError
from alink_sim.platform.state.instances import Instance, InstanceError
from alink_sim.platform.state.ota_entities import Job, Rules, Task
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.state.settings import Settings, SettingsError
from alink_sim.platform.state.store import StoreError
from alink_sim.platform.topics.device_jobs import DeviceJob, JobError, JobTask
from alink_sim.platform.topics.file_uploads import DeviceFile
from alink_sim.platform.topics.remote_config import ConfigError
from alink_sim.platform.topics.rrpc import Rrpc, RrpcCode
from alink_sim.platform.topics.shadow import ShadowError

__all__ = [
    "AccessKey",
    "AccessKeyError",
    "ClientId",
    "ConfigError",
    "Device",
    "DeviceFile",
    "DeviceJob",
    "Event",
    "ExpectationError",
    "Fault",
    "FaultError",
    "Instance",
    "InstanceError",
    "Job",
    "JobError",
    "JobTask",
    "Listen",
    "Platform",
    "Product",
    "RegistryError",
    "Rrpc",
    "RrpcCode",
    "Rules",
    "Script",
    "ScriptError",
    "Settings",
    "SettingsError",
    "ShadowError",
    "Status",
    "StoreError",
    "Task",
    "UpgradeError",
    "cloud_client",
]
