"""An editor knows the device API, MicroPython and the thing model, as pyright's server shows.

The interpreter that the editor has selected has the stubs of our wheel. Each project has the
settings of `alink-sim board new`, and in `typings` what its README tells to install there.
"""

from __future__ import annotations

import shutil
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import microdot
import pytest

import stub_docstrings
from alink_sim import thing_model
from alink_sim.workbench import project
from tests.workbench import language_server
from tests.workbench.language_server import LanguageServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# Programs with a thing model: project, program, model.
MODELS = {
    "thermostat": (
        "projects/thermostat/firmware/main.py",
        "projects/thermostat/firmware/thing.json",
    ),
    "lamp": (
        "projects/business_server/firmware/main.py",
        "projects/business_server/thing.json",
    ),
}
PROGRAM = """\
from alink import Device

device = Device.from_flash(thing="thing.json", keepalive=300)

@device.thing.property("target")
def set_target(value: float):
    return value

@device.thing.service("SelfTest")
def self_test(inputs):
    return {"passed": 1}

set_target(20)
device.thing.post({"temperature": 20.5, "heating": int(True)})
device.post_properties({"temperature": {"value": 20.5, "time": 1793491200000}})
device.thing.event("alarm", {"level": 2})
device.poll(1000)
"""

SERVICE = '@device.thing.service("SelfTest")\ndef self_test(inputs)'


@dataclass(frozen=True)
class Editor:
    """A language server, and the folder of its projects."""

    server: LanguageServer
    home: Path

    def find(self, file: Path, text: str | None = None) -> list[str]:
        """Open a file; return what the server finds in it."""
        self.server.open(file, text)
        return self.server.diagnostics(file)


def runs_on_host(program: Path) -> bool:
    return program.name in ("server.py", "script.py") or program.name.startswith("test_")


def copy_examples(home: Path) -> None:
    """Copy the examples into two projects: the programs of boards, and those of a computer."""
    for path in EXAMPLES.rglob("*.py"):
        folder = home / ("host" if runs_on_host(path) else "boards/firmware")
        target = folder / path.relative_to(EXAMPLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    frozen = home / "boards" / "firmware" / "version.py"  # Into the image of firmware_update.
    frozen.write_text('VERSION = "1.0.0"\n', "utf-8")
    for name, (program, model) in MODELS.items():
        stub = home / name / "typings" / "alink" / "thing.pyi"
        stub.parent.mkdir(parents=True)
        stub.write_text(thing_model.stub(thing_model.read(EXAMPLES / model)), "utf-8")
        (home / name / "firmware").mkdir()
        shutil.copy(EXAMPLES / program, home / name / "firmware")


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """Yield an editor with all examples and a new project."""
    home = tmp_path_factory.mktemp("editor")
    venv.create(home / "env", with_pip=False)
    (site,) = (home / "env").glob("lib/python*/site-packages")
    stub_docstrings.write(ROOT, site / "alink-stubs")
    shutil.copytree(Path(microdot.__file__).parent, site / "microdot")
    project.write(home / "new")
    copy_examples(home)
    for name in ("boards", "new", *MODELS):
        shutil.copytree(ROOT / ".cache" / "typings", home / name / "typings", dirs_exist_ok=True)
        if name != "new":
            shutil.copy(home / "new" / "pyproject.toml", home / name)
    pythons = dict.fromkeys(
        (home / name for name in ("boards", "new", *MODELS)), home / "env" / "bin" / "python"
    )
    with language_server.running() as server:
        server.open_projects({**pythons, home / "host": Path(sys.executable)})
        yield Editor(server, home)
        server.close()


def test_examples_and_new_project_have_no_errors(editor: Editor):
    found: dict[Path, list[str]] = {}
    for name in ("boards", "host", "new", *MODELS):
        programs = [
            path for path in (editor.home / name).rglob("*.py") if "typings" not in path.parts
        ]
        assert programs, name
        found |= {path.relative_to(editor.home): editor.find(path) for path in programs}
    assert {path: said for path, said in found.items() if said} == {}
    assert len(found) > 30


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("", "", None),
        ("device.poll(", "device.pol(", 'Cannot access attribute "pol" for class "Device"'),
        ("poll(1000)", 'poll("1000")', '"Literal[\'1000\']" is not assignable to "int"'),
        ("keepalive=300", "keepalife=300", 'No parameter named "keepalife"'),
        ('post({"temperature"', 'post({"temprature"', '"temprature" is an undefined item'),
        ('properties({"temperature"', 'properties({"temprature"', '"temprature" is an undefined'),
        ('"heating": int(True)', '"heating": "on"', "\"Literal['on']\" is not assignable"),
        ('"alarm"', '"alert"', "\"Literal['alert']\" is not assignable"),
        ('"level": 2', '"level": "2"', "\"Literal['2']\" is not assignable"),
        ('property("target")', 'property("Target")', "\"Literal['Target']\" is not assignable"),
        (SERVICE, SERVICE.replace("inputs", ""), "Function accepts too few positional parameters"),
    ],
)
def test_mistake_is_reported_at_its_line(editor: Editor, right: str, wrong: str, said: str | None):
    file = editor.home / "thermostat" / "firmware" / f"mistake_{right.encode().hex()}.py"
    found = editor.find(file, PROGRAM.replace(right, wrong) if right else PROGRAM)
    if said is None:
        assert found == []
        return
    line = PROGRAM[: PROGRAM.index(right)].count("\n") + 1
    assert [one.partition(":")[0] for one in found] == [str(line)], found
    assert said in found[0]


def test_mistake_in_a_new_project_is_reported(editor: Editor):
    main = editor.home / "new" / "firmware" / "main.py"
    text = main.read_text("utf-8").replace('"heating"', '"heatin"')
    (found,) = editor.find(main.with_name("wrong.py"), text)
    assert found.startswith("33: ")
    assert '"heatin" is an undefined item in type "Properties"' in found


def test_editor_completes_and_explains_the_device(editor: Editor):
    file = editor.home / "new" / "firmware" / "half.py"
    lines = (
        "import time",
        "from alink import Device",
        'device = Device.from_flash(thing="thing.json")',
        "device.poll(time.ticks_ms())",
        "device.",
        "device.thing.post({'')",
    )
    editor.server.open(file, "\n".join(lines))
    offered = editor.server.completions(file, 5, 8)
    assert {"post_properties", "publish", "subscribe", "thing", "connect", "run"} <= offered
    assert not {"_step", "_log"} & offered
    assert {"'target'", "'heating'"} <= editor.server.completions(file, 6, 21)
    shown = editor.server.hover(file, 4, 8)
    assert "def poll(ms: int = 0) -> None" in shown
    assert "Serve the session for `ms` milliseconds" in shown
    assert "ticks_ms() -> int" in editor.server.hover(file, 4, 18)
