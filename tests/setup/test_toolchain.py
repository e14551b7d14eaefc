"""`alink_sim.toolchain` returns programs that run, and reports missing ones."""

from __future__ import annotations

import subprocess

import pytest

from alink_sim import toolchain
from alink_sim.toolchain import debian, umqtt
from tests.interpreters import NAMES


def run(interpreter, code, **environment):
    command = [*interpreter.command, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_interpreter_has_its_declared_word_size(interpreter):
    code = f"import sys; print(sys.maxsize == (1 << {interpreter.word_bits - 1}) - 1)"
    assert run(interpreter, code) == "True"


def test_interpreter_is_micropython(interpreter):
    assert run(interpreter, "import sys; print(sys.implementation.name)") == "micropython"


def test_umqtt_simple_is_importable_by_every_interpreter(interpreter):
    path = f"{toolchain.umqtt_simple()}:.frozen"
    code = "from umqtt.simple import MQTTClient; print(MQTTClient.connect)"
    assert "connect" in run(interpreter, code, MICROPYPATH=path)


def test_bytecode_traceback_shows_given_name(interpreter, tmp_path):
    (tmp_path / "m.py").write_text("def f():\n    raise ValueError('as asked')\n")
    bytecode = toolchain.compile_mpy(tmp_path / "m.py", name="alink/m.py")
    (tmp_path / "m.py").unlink()
    (tmp_path / "m.mpy").write_bytes(bytecode)
    code = "import sys, m\ntry:\n    m.f()\nexcept ValueError as e:\n    sys.print_exception(e)"
    command = [*interpreter.command, "-c", code]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"MICROPYPATH": str(tmp_path)},
    )
    assert 'File "alink/m.py"' in done.stdout + done.stderr


def test_optimization_three_drops_line_numbers(tmp_path):
    (tmp_path / "m.py").write_text("def f(x):\n    y = x\n\n    assert y\n    return y + 1\n")
    sizes = [
        len(toolchain.compile_mpy(tmp_path / "m.py", name="m.py", optimize=level))
        for level in (0, 1, 3)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_bytecode_does_not_depend_on_source_folder(tmp_path):
    outputs = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text("X = 1\n")
        outputs.append(toolchain.compile_mpy(tmp_path / folder / "m.py", name="alink/m.py"))
    assert outputs[0] == outputs[1]
    assert outputs[0][:2] == b"M\x06"


def test_syntax_error_in_source_is_reported(tmp_path):
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(toolchain.ToolchainError, match=r"broken\.py.*SyntaxError"):
        toolchain.compile_mpy(tmp_path / "broken.py", name="broken.py")


def test_unknown_interpreter_lists_known_names():
    with pytest.raises(toolchain.ToolchainError, match="use one of unix64, unix32"):
        toolchain.interpreter("unix16")


def test_interpreters_lists_only_installed_ones():
    expected = [name for name in NAMES if toolchain.missing_reason(name) is None]
    assert list(toolchain.interpreters()) == expected


def test_environment_sets_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    assert toolchain.cache_dir() == tmp_path


def test_unfetched_interpreter_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    monkeypatch.delenv("ALINK_UNIX32", raising=False)
    assert toolchain.missing_reason("unix32") == (
        "unix32 was not fetched yet: run `make interpreters`."
    )


def test_fetch_failure_reason_is_kept_until_success(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    monkeypatch.delenv("ALINK_UNIX32", raising=False)

    def refuse(prefix, *, architecture):
        raise toolchain.ToolchainError("The archive is closed: come back on Monday.")

    def fill(prefix, *, architecture):
        prefix.mkdir()
        (prefix / "micropython-i386").touch()

    monkeypatch.setattr(debian, "install", refuse)
    with pytest.raises(toolchain.ToolchainError):
        toolchain.install_unix32()
    assert toolchain.missing_reason("unix32") == "The archive is closed: come back on Monday."
    monkeypatch.setattr(debian, "install", fill)
    toolchain.install_unix32()
    assert toolchain.missing_reason("unix32") is None


def test_environment_program_replaces_an_interpreter(monkeypatch):
    monkeypatch.setenv("ALINK_UNIX32", "/bin/true")
    assert toolchain.interpreter("unix32").command == ("/bin/true",)


def test_missing_environment_program_is_reported(monkeypatch):
    monkeypatch.setenv("ALINK_UNIX64", "/no/such/micropython")
    with pytest.raises(toolchain.ToolchainError, match="ALINK_UNIX64 is /no/such/micropython"):
        toolchain.interpreter("unix64")


def test_environment_umqtt_is_used_or_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_UMQTT", str(tmp_path))
    with pytest.raises(toolchain.ToolchainError, match="which does not contain umqtt"):
        toolchain.umqtt_simple()
    (tmp_path / "umqtt").mkdir()
    (tmp_path / "umqtt" / "simple.py").touch()
    assert toolchain.umqtt_simple() == tmp_path


def test_missing_index_for_umqtt_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(toolchain.ToolchainError) as caught:
        toolchain.umqtt_simple()
    assert "check the network" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_umqtt_with_wrong_hash_is_refused(tmp_path, monkeypatch):
    def unpack(scratch, _published):
        target = scratch / "pip-download-x" / "y" / "umqtt"
        target.mkdir(parents=True)
        (target / "simple.py").write_text("print('not the published one')\n")
        return ""

    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    monkeypatch.setattr(umqtt, "_pip_download", unpack)
    with pytest.raises(toolchain.ToolchainError, match="is not the tested file"):
        toolchain.umqtt_simple()
    assert not list(tmp_path.rglob("simple.py"))
