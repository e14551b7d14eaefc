"""The names in a stock image of the chip, module by module: simulated, or refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from alink_sim.board.peripherals.units import analog, ble, chip, digital, serial
from alink_sim.board.peripherals.units.unit import Unit
from alink_sim.board.peripherals.wiring import EXT0_WAKE, EXT1_WAKE, TIMER_WAKE

Entry = type[Unit] | Callable[..., Any] | int | str

MODULES: Mapping[str, Mapping[str, Entry]] = {
    "machine": {
        "ADC": analog.AdcUnit,
        "DAC": analog.DacUnit,
        "DEEPSLEEP": 4,
        "EXT0_WAKE": EXT0_WAKE,
        "EXT1_WAKE": EXT1_WAKE,
        "I2C": serial.I2cUnit,
        "PIN_WAKE": EXT0_WAKE,
        "PWM": analog.PwmUnit,
        "Pin": digital.PinUnit,
        "SLEEP": 2,
        "SPI": serial.SpiUnit,
        "Signal": digital.SignalUnit,
        "SoftI2C": serial.SoftI2cUnit,
        "SoftSPI": serial.SoftSpiUnit,
        "TIMER_WAKE": TIMER_WAKE,
        "TOUCHPAD_WAKE": 5,
        "Timer": "_timer",
        "TouchPad": analog.TouchUnit,
        "UART": serial.UartUnit,
        "ULP_WAKE": 6,
        "bitstream": digital.bitstream,
        "dht_readinto": digital.dht_readinto,
        "disable_irq": chip.disable_irq,
        "enable_irq": chip.enable_irq,
        "freq": chip.freq,
        "idle": chip.idle,
        "lightsleep": "_light_sleep",
        "sleep": "_light_sleep",
        "time_pulse_us": digital.time_pulse_us,
        "wake_reason": chip.wake_reason,
    },
    "esp32": {
        "HEAP_DATA": 4,
        "HEAP_EXEC": 1,
        "RMT": chip.RmtUnit,
        "WAKEUP_ALL_LOW": 0,
        "WAKEUP_ANY_HIGH": 1,
        "gpio_deep_sleep_hold": chip.gpio_deep_sleep_hold,
        "mcu_temperature": chip.mcu_temperature,
        "raw_temperature": chip.raw_temperature,
        "wake_on_ext0": chip.wake_on_ext0,
        "wake_on_ext1": chip.wake_on_ext1,
        "wake_on_gpio": chip.wake_on_gpio,
    },
    "bluetooth": {"BLE": ble.BleUnit},
    "esp": {
        "LOG_DEBUG": 4,
        "LOG_ERROR": 1,
        "LOG_INFO": 3,
        "LOG_NONE": 0,
        "LOG_VERBOSE": 5,
        "LOG_WARNING": 2,
        "osdebug": chip.osdebug,
    },
    "network": {
        "AUTH_MAX": 17,
        "AUTH_OPEN": 0,
        "AUTH_OWE": 9,
        "AUTH_WAPI_PSK": 8,
        "AUTH_WEP": 1,
        "AUTH_WPA2_ENTERPRISE": 5,
        "AUTH_WPA2_PSK": 3,
        "AUTH_WPA2_WPA3_PSK": 7,
        "AUTH_WPA3_ENT_192": 10,
        "AUTH_WPA3_EXT_PSK": 11,
        "AUTH_WPA3_EXT_PSK_MIXED_MODE": 12,
        "AUTH_WPA3_PSK": 6,
        "AUTH_WPA_PSK": 2,
        "AUTH_WPA_WPA2_PSK": 4,
        "MODE_11B": 1,
        "MODE_11G": 2,
        "MODE_11N": 4,
        "MODE_LR": 8,
        "STAT_ASSOC_FAIL": 203,
        "STAT_CONNECT_FAIL": 203,
        "STAT_HANDSHAKE_TIMEOUT": 204,
        "STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD": 211,
        "STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD": 212,
        "STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY": 210,
        "country": chip.country,
    },
    "onewire": {"OneWire": serial.OneWireUnit},
    "select": {"select": "_select"},
    "socket": {"IPPROTO_IP": 0, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "TCP_NODELAY": 1},
}
"""Classes, functions and constants; a text names the stand-in that has it."""

_AIR = "no radio but Wi-Fi is simulated"
_SHELL = "use the REPL of the serial port"
_WIRED = "no wired Ethernet is simulated"
_EDGES = "count the edges with machine.Pin.irq"
_PACKAGE = "it is not in a stock image either; copy it to the board"

_ETHERNET = (
    "ETH_CONNECTED",
    "ETH_DISCONNECTED",
    "ETH_GOT_IP",
    "ETH_INITIALIZED",
    "ETH_STARTED",
    "ETH_STOPPED",
    "PHY_DM9051",
    "PHY_DP83848",
    "PHY_GENERIC",
    "PHY_IP101",
    "PHY_KSZ8041",
    "PHY_KSZ8081",
    "PHY_KSZ8851SNL",
    "PHY_LAN8670",
    "PHY_LAN8710",
    "PHY_LAN8720",
    "PHY_RTL8201",
    "PHY_W5500",
)

NOT_SIMULATED: Mapping[str, str] = {
    "machine.ADCBlock": "use machine.ADC",
    "machine.I2S": "no audio is simulated",
    "machine.SDCard": "the board has no card; use the vfs",
    "machine.mem8": "the board has only the registers of machine.mem32 that the SDK uses",
    "machine.mem16": "the board has only the registers of machine.mem32 that the SDK uses",
    "machine.CAN": "no CAN bus is simulated",
    "machine.Counter": _EDGES,
    "machine.Encoder": _EDGES,
    "machine.I2CTarget": "the board is only a controller; attach devices with board.i2c",
    "machine.USBDevice": "no USB is simulated",
    "machine.bootloader": "use the order `download`, or SerialBoard.reset(download=True)",
    "esp.flash_user_start": "use esp32.Partition",
    "esp.gpio_matrix_in": "signals are not routed; use machine.Pin",
    "esp.gpio_matrix_out": "signals are not routed; use machine.Pin",
    "network.LAN": _WIRED,
    "network.PPP": "no modem is simulated",
    "network.ipconfig": "use WLAN.ifconfig",
    "network.phy_mode": "the radio has no modes",
    **{f"network.{name}": _WIRED for name in _ETHERNET},
    "bluetooth.UUID": "only scans and advertising are simulated",
    "os.VfsLfs1": "use os.VfsLfs2",
    "os.dupterm": _SHELL,
    "os.dupterm_notify": _SHELL,
    "socket.AF_INET6": "the network has IPv4 only",
    "socket.IP_ADD_MEMBERSHIP": "no multicast is simulated",
    "socket.MSG_DONTWAIT": "use setblocking(False)",
    "socket.MSG_PEEK": "a socket has no peek here",
    "socket.SOCK_RAW": "only TCP and UDP are simulated",
    "socket.SO_BINDTODEVICE": "the board has one interface",
    "esp32.PCNT": _EDGES,
    "esp32.ULP": "the second processor is not simulated",
    "esp32.wake_on_touch": "use esp32.wake_on_ext0",
    "esp32.wake_on_ulp": "the second processor is not simulated",
}
"""Names that a simulated board refuses, with the reason or the replacement."""


LACKING: Mapping[str, str] = {
    "esp32.idf_heap_info": "only a board with heap=chip has the two heaps of a chip",
    "platform.processor": "only an image for RISC-V has it",
}
"""Names that not every board has. Programs catch AttributeError; the stand-ins have its text."""


REFUSED_MODULES: Mapping[str, str] = {
    "_boot": "it is a part of the firmware's boot",
    "_espnow": _AIR,
    "_onewire": "use onewire",
    "_webrepl": _SHELL,
    "aioble": _AIR,
    "aioespnow": _AIR,
    "aiorepl": _PACKAGE,
    "btree": "store records in files",
    "espnow": _AIR,
    "flashbdev": "use esp32.Partition",
    "inisetup": "it is a part of the firmware's boot",
    "upysh": _SHELL,
    "webrepl": _SHELL,
    "webrepl_setup": _SHELL,
}
"""Modules whose import a simulated board refuses, with the reason or the replacement."""

# Names that the stand-ins of a board have themselves, with no call to the host.
_STAND_INS: Mapping[str, tuple[str, ...]] = {
    "machine": (
        "DEEPSLEEP_RESET",
        "HARD_RESET",
        "PWRON_RESET",
        "RTC",
        "SOFT_RESET",
        "WDT",
        "WDT_RESET",
        "deepsleep",
        "mem32",
        "reset",
        "reset_cause",
        "soft_reset",
        "unique_id",
    ),
    "esp32": ("NVS", "Partition"),
    "bluetooth": (
        "FLAG_INDICATE",
        "FLAG_NOTIFY",
        "FLAG_READ",
        "FLAG_WRITE",
        "FLAG_WRITE_NO_RESPONSE",
    ),
    "onewire": ("OneWireError",),
    "apa106": ("APA106",),
    "dht": ("DHT11", "DHT22", "DHTBase"),
    "ds18x20": ("DS18X20",),
    "neopixel": ("NeoPixel",),
    "esp": ("flash_erase", "flash_read", "flash_size", "flash_write"),
    "network": (
        "AP_IF",
        "STAT_BEACON_TIMEOUT",
        "STAT_CONNECTING",
        "STAT_GOT_IP",
        "STAT_IDLE",
        "STAT_NO_AP_FOUND",
        "STAT_WRONG_PASSWORD",
        "STA_IF",
        "WLAN",
        "hostname",
    ),
    "ntptime": ("host", "settime", "time", "timeout"),
    "os": (
        "VfsFat",
        "VfsLfs2",
        "chdir",
        "getcwd",
        "ilistdir",
        "listdir",
        "mkdir",
        "mount",
        "remove",
        "rename",
        "rmdir",
        "sep",
        "stat",
        "statvfs",
        "sync",
        "umount",
        "uname",
        "unlink",
        "urandom",
    ),
}


def find(module: str, name: str) -> tuple[str, object]:
    """Return the kind and the value of an attribute of a module, for the stand-ins.

    Raises NotImplementedError for a name that is refused, AttributeError for an unknown name.
    """
    full = f"{module}.{name}"
    if full in NOT_SIMULATED:
        raise NotImplementedError(f"{full} is not simulated: {NOT_SIMULATED[full]}")
    entry = MODULES.get(module, {}).get(name)
    if entry is None:
        raise AttributeError(f"'module' object has no attribute '{name}'")
    if isinstance(entry, type) and issubclass(entry, Unit):
        return "class", {"_module": module, "_stream": entry.stream, **entry.constants}
    if isinstance(entry, str):
        return "module", entry
    if isinstance(entry, int):
        return "constant", entry
    return "function", None


def methods(unit: type[Unit]) -> list[str]:
    """Return the methods of a firmware's class."""
    return [name for name, _ in inspect.getmembers(unit, inspect.isfunction) if name[0] != "_"]


def names(module: str) -> list[str]:
    """Return the names that a module has on a simulated board."""
    return sorted({*MODULES.get(module, ()), *_STAND_INS.get(module, ())}, key=str.lower)


def described() -> list[str]:
    """Return the modules that have names, in the order of the reference."""
    return list(_STAND_INS)


def refused() -> dict[str, str]:
    """Return every name that a simulated board refuses, with the reason or the replacement."""
    found = {**NOT_SIMULATED, **LACKING, **REFUSED_MODULES}
    for module, entries in MODULES.items():
        for name, entry in entries.items():
            if isinstance(entry, type) and issubclass(entry, Unit):
                found |= {f"{module}.{name}.{one}": why for one, why in entry.refused.items()}
    return found
