"""Bytecode without the names of parameters that nothing looks up."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from alink_formats.bytecode import compile_mpy, internal
from alink_sim import toolchain
from alink_sim.toolchain import Interpreter

SOURCE = """
text_of_log = "shared"
def add(first_number, second_number, shared, offset_name):
    def inner(deep_name):
        return deep_name + first_number
    return inner(second_number) + len(shared) + offset()
def offset():
    return named(keyword=1) + globals()["offset_name"]
def named(keyword):
    return keyword
offset_name = 3
print(add(1, 2, "abc", 0))
"""


def test_only_names_that_nothing_looks_up_go(interpreter: Interpreter, tmp_path: Path):
    source = tmp_path / "in.py"
    source.write_text(SOURCE, encoding="utf-8")
    kept = compile_mpy(source, name="alink.device")
    without = compile_mpy(source, name="alink.boot.sum")
    for name in (b"first_number", b"second_number", b"deep_name"):
        assert name in kept
        assert name not in without
    for name in (b"keyword", b"shared", b"offset_name"):
        assert name in without
    assert b"first_number" in compile_mpy(source, name="alink.boot.sum", optimize=0)
    (tmp_path / "sum.mpy").write_bytes(without)
    done = subprocess.run(
        [*interpreter.command, "-m", "sum"],
        cwd=tmp_path,
        env={"MICROPYPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "10\n"


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("_SIZE = const(3)\nprint(_SIZE)\n", False),
        ("_SIZE = const(\n    3\n)\nprint(_SIZE)\n", False),
        ("SIZE = const(3)\nprint(SIZE)\n", True),
        ("print(const(3))\n", True),
    ],
)
def test_import_of_const_goes_if_compiler_resolves_it(tmp_path: Path, text: str, is_kept: bool):
    sizes = []
    for head in ("\n", "from micropython import const\n"):
        source = tmp_path / "in.py"
        source.write_text(head + text, encoding="utf-8")
        sizes.append([len(compile_mpy(source, name=name)) for name in ("alink.thing", "main.py")])
    assert (sizes[0][0] < sizes[1][0]) is is_kept
    assert sizes[0][1] < sizes[1][1], "an application keeps its own"


def test_steps_share_the_name_in_tracebacks(tmp_path: Path):
    source = tmp_path / "in.py"
    source.write_text("print(1)\n", encoding="utf-8")
    for name, shown in (
        ("alink.boot.copies", b"alink.boot"),
        ("alink.sign", b"alink"),
        ("alink.gateway.sub_device", b"alink.gateway.sub_device"),
        ("main.py", b"main.py"),
    ):
        bytecode = compile_mpy(source, name=name)
        assert shown + b"\0" in bytecode
        assert name == shown.decode() or name.encode() not in bytecode


def test_internal_functions_are_called_by_position():
    root = toolchain.firmware_dir()
    trees = {
        toolchain.dotted(path.relative_to(root)): ast.parse(path.read_text("utf-8"))
        for path in root.rglob("*.py")
    }
    named = {
        (node.name, argument.arg)
        for module, tree in trees.items()
        if internal(module)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
    }
    assert ("post_properties", "values") not in named
    assert ("dial", "endpoint") in named
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                function = ast.unparse(node.func).split(".")[-1]
                for keyword in node.keywords:
                    assert (function, keyword.arg) not in named, (module, node.lineno)
