"""The pytest plugin in a user's repository: the wheel in a separate environment.

pip installs the wheel without its dependencies, which come from this checkout, so that no test
needs the network. These tests check our wheel, not pip's dependency resolution.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from alink_sim.toolchain import Interpreter, cache_dir
from tests.docs.blocks import blocks_of

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "firmware_repo"


@dataclass(frozen=True)
class Repository:
    """A copy of the example repository, and the Python for its tests."""

    folder: Path
    python: Path

    def test(self, *arguments: str, **environment: str) -> str:
        """Return the output of pytest, with its exit code in the last text line."""
        inherited = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
        done = subprocess.run(
            [self.python, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={**inherited, "ALINK_CACHE": str(cache_dir()), **environment},
        )
        return f"{done.stdout}{done.stderr}\nexit code {done.returncode}"

    def write(self, test: str) -> None:
        """Replace the tests of the example with this one."""
        for file in (self.folder / "tests").glob("test_*.py"):
            file.unlink()
        (self.folder / "tests" / "test_this.py").write_text(textwrap.dedent(test))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new virtual environment with our wheel."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "--python", str(home), "install", "--quiet", "--no-deps",
        "--no-index", "--disable-pip-version-check", str(wheel),
    ]
    # fmt: on
    subprocess.run(command, check=True, capture_output=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "python"


@pytest.fixture
def repository(python: Path, tmp_path: Path) -> Repository:
    return Repository(shutil.copytree(EXAMPLE, tmp_path / "repository"), python)


def test_tests_import_the_installed_wheel(python: Path, tmp_path: Path):
    code = "import alink_sim, alink_formats.sources as s; print(alink_sim.__file__, s.checkout())"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert re.fullmatch(rf"{python.parents[1]}/lib/\S+/alink_sim/__init__.py None\n", done.stdout)


def test_documented_ten_line_test_passes(python: Path, tmp_path: Path):
    text = (EXAMPLE.parents[1] / "docs" / "how-to" / "test-firmware.md").read_text()
    _, _, block = text.partition("pip install 'alink-sdk[pytest]'\n")
    script, _, _ = block.partition("```")
    (tmp_path / "script").write_text(script.replace("pytest -o", '"$PYTHON" -m pytest -o'))
    done = subprocess.run(
        ["sh", "-e", "script"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": str(python), "ALINK_CACHE": str(cache_dir())},
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_example_repository_passes_on_each_build(repository: Repository, interpreter: Interpreter):
    said = repository.test("-n2", "-o", f"alink_interpreter={interpreter.name}")
    assert re.search(r"\n=+ 4 passed in .*\n+exit code 0", said), said


def test_cloud_client_ignores_proxies(repository: Repository):
    page = EXAMPLE.parents[1] / "docs" / "how-to" / "test-firmware.md"
    (example,) = (block.text for block in blocks_of(page) if "iot_cloud" in block.text)
    repository.write(example)
    said = repository.test(HTTP_PROXY="http://127.0.0.1:9")
    assert re.search(r"\n=+ 1 passed in .*\n+exit code 0", said), said


def test_failed_test_shows_console_and_events_without_secrets(repository: Repository):
    repository.write(
        """
        def test_it(iot_platform, product, factory_flash):
            main = f"print('the secret is {product.secret}'); import alink, nowhere"
            board = factory_flash("kitchen-1", main=main, wifi_password="geheim-geheim")
            board.power_on()
            open("secrets", "w").write(product.secret)
            board.expect("online")
        """
    )
    said = repository.test("-o", "alink_artifacts=failed", "--junitxml=junit.xml", "-m", "alink")
    assert "console of kitchen-1" in said
    assert "ImportError: no module named 'nowhere'" in said
    assert "events of the platform" in said
    assert "nothing happened: no device has reached this platform" in said
    # In the error and in the console; where CI is set, pytest repeats the error in its summary.
    assert said.count("the secret is ***") >= 2
    assert (repository.folder / "secrets").read_text() not in said
    assert "console.py" not in said, "whose frames tell a user nothing"
    check_artifacts(repository.folder)


def check_artifacts(home: Path) -> None:
    """Check the folder of the failed test above, and the JUnit file that names it."""
    (folder,) = (home / "failed").iterdir()
    assert folder.name == "tests-test_this.py-test_it"
    assert f'name="alink_artifacts" value="{folder}"' in (home / "junit.xml").read_text()
    secret = (home / "secrets").read_text()
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".bin"}
    assert set(texts) == {"report.txt", "events.jsonl", "kitchen-1.console.txt"}
    assert "the secret is ***" in texts["kitchen-1.console.txt"]
    assert not [name for name, text in texts.items() if secret in text]
    assert [json.loads(line) for line in texts["events.jsonl"].splitlines()] == []
    assert (folder / "kitchen-1.flash.bin").stat().st_size == 4 << 20


def test_each_test_has_platform_workers_share_ca(repository: Repository):
    repository.write(
        """
        import hashlib, pathlib, pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(iot_platform, worker_id, number):
            ca = hashlib.sha256(iot_platform.ca_der).hexdigest()
            iot_platform.console.create_product(key="a1Mine")
            text = f"{ca} {iot_platform.mqtt_port} {iot_platform.console.products()}"
            pathlib.Path(f"{worker_id}-{number}.txt").write_text(text)
        """
    )
    said = repository.test("-n2", "--dist=each")
    assert "8 passed" in said, said
    seen = [path.read_text().split(" ", 2) for path in repository.folder.glob("gw*.txt")]
    assert len(seen) == 8
    assert len({ca for ca, _port, _products in seen}) == 1
    assert all(products.count("Product(") == 1 for _ca, _port, products in seen)


def test_fixtures_override_clock_and_setting(repository: Repository):
    repository.write(
        """
        import pytest
        from alink_sim.clock import ManualClock
        from alink_sim.platform import Settings

        @pytest.fixture
        def iot_clock(tmp_path):
            clock = ManualClock(tmp_path / "clock")
            yield clock
            clock.close()

        @pytest.fixture
        def iot_settings():
            return Settings(refused_code=3)

        def test_it(iot_platform, product, iot_clock, board):
            iot_platform.console.set_dynamic_registration(product.key, False)
            board.power_on()
            refused = iot_platform.expect("registration_refused", connack=3)
            assert refused.time >= 1795456800 and refused.time < 1795456900
        """
    )
    assert "1 passed" in repository.test()


def test_first_use_without_network_is_one_sentence(repository: Repository):
    said = repository.test(
        ALINK_CACHE=str(repository.folder / "empty"),
        PIP_CONFIG_FILE="/dev/null",
        PIP_INDEX_URL="http://127.0.0.1:1/simple",
        PIP_NO_CACHE_DIR="1",
    )
    assert "umqtt.simple 1.3.4 could not be fetched from the package index: check" in said
    assert "Traceback" not in said
    assert "exit code 1" in said


def test_missing_files_folder_is_reported(repository: Repository):
    said = repository.test("-o", "alink_files=nowhere")
    assert "alink_files is " in said
    assert "nowhere, which is not a folder" in said
