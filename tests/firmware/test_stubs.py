"""The stubs that an editor reads agree with the firmware: names, arguments, defaults, docstrings.

mypy's stubtest imports the firmware on CPython with the stand-ins of `tests/core` and compares it
with `tools/alink-stubs`. It cannot see what `**settings` takes, nor attributes that `__init__`
sets; the source tells those.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import stub_docstrings
from alink_sim import toolchain

ROOT = Path(__file__).resolve().parents[2]
STUBS = ROOT / "tools" / "alink-stubs"
SOURCES = ROOT / "firmware" / "alink"
STUBTEST = """
import sys
import shims
shims.install()
from mypy import stubtest
sys.exit(stubtest.test_stubs(stubtest.parse_options(sys.argv[1:])))
"""


def stubtest(scratch: Path) -> subprocess.CompletedProcess[str]:
    """Compare the stubs in `scratch/alink` with the firmware."""
    path = (SOURCES.parent, ROOT / "tests" / "core", toolchain.umqtt_simple())
    allowed = ROOT / "tests" / "firmware" / "stubs_allowlist.txt"
    return subprocess.run(
        [sys.executable, "-B", "-c", STUBTEST, "alink", "--concise", "--allowlist", str(allowed)],
        env={
            **os.environ,
            "MYPYPATH": str(scratch),  # Before site-packages, and without "-stubs".
            "PYTHONPATH": os.pathsep.join(map(str, path)),
        },
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )


def test_stubs_agree_with_the_firmware(tmp_path: Path):
    stub_docstrings.write(ROOT, tmp_path / "alink")
    done = stubtest(tmp_path)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_missing_and_wrong_signatures_are_found(tmp_path: Path):
    stub_docstrings.write(ROOT, tmp_path / "alink")
    for name, right, wrong in (
        ("device.pyi", "def close(self)", "def shut(self)"),
        ("device.pyi", "ms: int=0", "ms: int=1"),
        ("outbox.pyi", "limit: int=8192", "size: int=8192"),
        ("utc.pyi", "def now()", "def now(zone: str)"),
    ):
        file = tmp_path / "alink" / name
        text = file.read_text(encoding="utf-8")
        assert right in text
        file.write_text(text.replace(right, wrong), encoding="utf-8")
    found = stubtest(tmp_path).stdout
    assert re.findall(r"^\S+", found, flags=re.MULTILINE) == [
        "alink.device.Device.close",
        "alink.device.Device.poll",
        "alink.device.Device.shut",
        "alink.outbox.Outbox.__init__",
        "alink.utc.now",
    ]


def classes(file: Path) -> dict[str, ast.ClassDef]:
    """Return the classes of a module or a stub by name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {one.name: one for one in tree.body if isinstance(one, ast.ClassDef)}


def arguments(file: Path, name: str, function: str) -> set[str]:
    """Return the names of the arguments of a method, without the first."""
    (found,) = [
        one
        for one in classes(file)[name].body
        if isinstance(one, ast.FunctionDef) and one.name == function
    ]
    return {one.arg for one in (*found.args.args[1:], *found.args.kwonlyargs)}


def checked_settings() -> set[str]:
    """Return the settings that `from_flash` knows, from the constants of boot/settings.py."""
    source = (SOURCES / "boot" / "settings.py").read_text(encoding="utf-8")
    constants = {
        ast.unparse(one.targets[0]): ast.literal_eval(one.value.args[0])
        for one in ast.parse(source).body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)
    }
    return {
        *constants["_TEXT"].split(),
        *constants["_NUMBERS"].split()[::3],
        *constants["_OTHERS"].split(),
    }


def test_stubs_have_every_setting_of_from_flash():
    gateway = {"batch", "path"}
    device = arguments(STUBS / "device.pyi", "Device", "from_flash")
    assert device == (checked_settings() - gateway) | {"thing"}
    assert arguments(STUBS / "gateway/__init__.pyi", "Gateway", "from_flash") == device | gateway
    of_session = arguments(SOURCES / "device.py", "Device", "__init__") - arguments(
        SOURCES / "http_channel.py", "HttpChannel", "__init__"
    )
    channel = arguments(STUBS / "http_channel.pyi", "HttpChannel", "from_flash")
    assert channel == device - of_session - {"thing", "max_requests", "out_of_memory"}


def test_every_attribute_of_a_stub_is_set():
    missing = []
    for stub in STUBS.rglob("*.pyi"):
        source = (SOURCES / stub.relative_to(STUBS)).with_suffix(".py")
        for name, found in classes(stub).items() if source.is_file() else ():
            # A base class sets some: `Engine` those of `Gateway`, `Messages` those of `Device`.
            texts = [source, SOURCES / "gateway" / "engine.py", SOURCES / "messages.py"]
            code = "".join(text.read_text(encoding="utf-8") for text in texts)
            missing += [
                f"{name}.{one.target.id}"
                for one in found.body
                if isinstance(one, ast.AnnAssign)
                and isinstance(one.target, ast.Name)
                and not re.search(rf"\b{one.target.id}\b[^=\n]*= ", code)
                and "Protocol" not in map(ast.unparse, found.bases)
            ]
    assert missing == []


@pytest.mark.parametrize("name", ["device.pyi", "messages.pyi", "ota/__init__.pyi"])
def test_docstrings_come_from_the_firmware(tmp_path: Path, name: str):
    stub_docstrings.write(ROOT, tmp_path)
    for of, found in classes(tmp_path / name).items():
        if of.startswith("_"):
            continue
        source = classes((SOURCES / name).with_suffix(".py"))[of]
        assert ast.get_docstring(found) == ast.get_docstring(source) is not None
        methods = {
            one.name: ast.get_docstring(one)
            for one in found.body
            if isinstance(one, ast.FunctionDef)
        }
        assert methods.keys() - {"__init__", "post_properties"} <= {
            one for one, docstring in methods.items() if docstring
        }


def test_host_cannot_import_the_stubs():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import alink"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(STUBS.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'alink'" in done.stderr
