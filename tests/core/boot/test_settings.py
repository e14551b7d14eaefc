"""settings.py: a wrong setting is named with its value and the rule; a root may be PEM."""

import os
from binascii import b2a_base64

import fakes
from alink.boot import settings
from check import raises

DER = b"\x30\x82\x01\x00" + bytes(256)
PEM = "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % b2a_base64(DER).decode()
WIFI = "wifi is not (ssid, password): text of 1 to 32 bytes, and text of 8 to 63 or none"
CA = "ca is not a root certificate; allowed are DER, PEM, or the path of a file"
WRONG = (
    # setting, value, error, sentence
    ("keepalve", 60, TypeError, "keepalve is not a setting; did you mean keepalive?"),
    ("instanceid", "x", TypeError, "instanceid is not a setting; did you mean instance_id?"),
    ("certificate", b"", TypeError, "certificate is not a setting; did you mean"),
    ("region", 5, TypeError, "region is 5; allowed is text"),
    ("host", b"a.b", TypeError, "host is b'a.b'; allowed is text"),
    ("port", "8883", TypeError, "port is '8883'; allowed is a number"),
    ("port", True, TypeError, "port is True; allowed is a number"),
    ("port", 70000, ValueError, "port is 70000; allowed range is 1 to 65535"),
    ("port", 0, ValueError, "port is 0; allowed range is 1 to 65535"),
    ("keepalive", 20, ValueError, "keepalive is 20; allowed range is 30 to 1200"),
    ("keepalive", "60", TypeError, "keepalive is '60'; allowed is a number"),
    ("max_packet", 10, ValueError, "max_packet is 10; allowed range is 128 to 1048576"),
    ("max_requests", 0, ValueError, "max_requests is 0; allowed range is 1 to 1000"),
    ("batch", 51, ValueError, "batch is 51; allowed range is 1 to 50"),
    ("network", True, TypeError, "network is True; allowed is a function"),
    ("log", "x", TypeError, "log is 'x'; allowed is a function"),
    ("watchdog", 5, TypeError, "watchdog is 5; allowed is a machine.WDT"),
    ("securemode", "2", ValueError, "securemode is '2'; allowed are 2, -2"),
    ("scrub", "yes", TypeError, "scrub is 'yes'; allowed are True, False"),
    ("wifi", "home", ValueError, WIFI),
    ("wifi", ("home",), ValueError, WIFI),
    ("wifi", ("home", 12345678), ValueError, WIFI),
    ("wifi", ("home", "short"), ValueError, WIFI),
    ("wifi", ("", "longenough"), ValueError, WIFI),
    ("ca", b"root", ValueError, CA),
    ("ca", 5, ValueError, CA),
    ("ca", "/no/root.pem", ValueError, "ca is the file /no/root.pem, which cannot be read: "),
)


def test_wrong_setting_is_named_with_the_rule():
    for name, value, error, sentence in WRONG:
        said = str(raises(error, settings.check, {name: value}))
        assert said.startswith(sentence), said


def test_message_never_has_the_wifi_password():
    for password in ("secret1", b"secret12", ("secret12",)):
        assert "secret" not in str(raises(ValueError, settings.check, {"wifi": ("a", password)}))


def test_right_settings_pass_unchanged():
    given = {"keepalive": 30, "port": 443, "wifi": ("home", ""), "log": None, "network": print}
    given["watchdog"] = None
    checked = dict(given)
    settings.check(checked)
    assert checked == given


def test_root_may_be_pem_or_a_file():
    with open("root.tmp", "wb") as file:
        file.write(PEM.encode())
    try:
        for given in (DER, PEM, PEM.encode(), "root.tmp"):
            checked = {"ca": given}
            settings.check(checked)
            assert checked == {"ca": DER}, given
    finally:
        os.remove("root.tmp")


def test_device_checks_its_settings():
    from alink.boot import record
    from alink.device import Device

    fields = {"ProductKey": b"a1B2c3D4e5F", "ProductSecret": b"ps", "DeviceName": b"dev-1"}
    fakes.Board().burn(record.encode(record.CERTIFICATE, 1, fields))
    said = str(raises(TypeError, Device.from_flash, log=None, keepalve=60))
    assert said == "keepalve is not a setting; did you mean keepalive?"
    device = Device.from_flash(log=None, ca=PEM)
    assert device.fields["Ca"] == [DER]
