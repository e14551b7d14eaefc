"""Files for other people's CI: examples/ci, action.yml, Dockerfile."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from alink_sim import cli

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "examples" / "ci"
SCHEMAS = {
    "examples/ci/github.yml": "vendor.github-workflows",
    "examples/ci/gitlab.yml": "vendor.gitlab-ci",
    "action.yml": "vendor.github-actions",
}
# Gitee publishes no schema: the fields of its help pages that a pipeline of this kind has.
TEXT = {"type": "string", "minLength": 1}
GITEE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "name", "displayName", "triggers", "stages"],
    "properties": {
        "version": {"const": "1.0"},
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
        "displayName": TEXT,
        "triggers": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "push": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "branches": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"precise": {"type": "array", "items": TEXT}},
                        }
                    },
                }
            },
        },
        "stages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "displayName", "strategy", "trigger", "steps"],
                "properties": {
                    "name": TEXT,
                    "displayName": TEXT,
                    "strategy": {"enum": ["naturally", "fast"]},
                    "trigger": {"enum": ["auto", "manual"]},
                    "steps": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": [
                                "step",
                                "name",
                                "displayName",
                                "pythonVersion",
                                "commands",
                            ],
                            "properties": {
                                "step": {"const": "build@python"},
                                "name": TEXT,
                                "displayName": TEXT,
                                "pythonVersion": {"type": "string", "pattern": r"^3\.\d+$"},
                                "commands": {"type": "array", "items": TEXT},
                                "artifacts": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["name", "path"],
                                        "properties": {
                                            "name": {"type": "string", "pattern": "^[A-Z_]+$"},
                                            "path": {"type": "array", "items": TEXT},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def loaded(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def commands(value: Any) -> Iterator[str]:
    """Yield the shell commands of a workflow, wherever they stand."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "run":
                yield one
            elif name in ("script", "commands"):
                yield from one
            else:
                yield from commands(one)
    elif isinstance(value, list):
        for one in value:
            yield from commands(one)


def test_workflows_match_their_schemas(tmp_path: Path):
    for name, schema in SCHEMAS.items():
        check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
        done = subprocess.run([*check, ROOT / name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {a: {runs-on: x, step: []}}\n")
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
    ]
    assert subprocess.run([*check, wrong], capture_output=True, check=False).returncode == 1


def test_gitee_pipeline_has_documented_fields():
    pipeline = loaded("examples/ci/gitee.yml")
    jsonschema.validate(pipeline, GITEE)
    pipeline["stages"][0]["steps"][0]["script"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(pipeline, GITEE)


def test_every_workflow_runs_the_same_commands():
    found = {
        path.name: [
            one.replace("pip3", "pip") for one in commands(loaded(f"examples/ci/{path.name}"))
        ]
        for path in CI.glob("*.yml")
    }
    assert set(found) == {"github.yml", "gitlab.yml", "gitee.yml"}
    assert len({tuple(one[-2:]) for one in found.values()}) == 1
    extra = re.search(r"alink-sdk\[(\w+)\]", found["github.yml"][0])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra
    assert extra[1] in project["optional-dependencies"]


def test_commands_of_the_action_are_shell():
    for one in commands(loaded("action.yml")):
        subprocess.run(["bash", "-n", "-c", one], check=True)
        assert "${{" not in one  # A value from outside is an environment variable, never code.


def test_action_passes_every_input_on():
    action = loaded("action.yml")
    text = json.dumps(action["runs"])
    assert [name for name in action["inputs"] if f"inputs.{name}" not in text] == []


# Dockerfile


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [tuple(line.split(None, 1)) for line in lines]
    return [(name, rest) for name, rest in pairs]


def test_dockerfile_follows_the_usual_rules():
    found = instructions()
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in found} <= known
    images = [rest.split()[0] for name, rest in found if name == "FROM"]
    assert [one for one in images if not re.fullmatch(r"[\w./-]+:\d[\w.-]*", one)] == []
    assert [rest for name, rest in found if name == "USER"][-1] not in ("root", "0")
    for name, rest in found:
        if name == "COPY" and "--from" not in rest:
            assert [one for one in rest.split()[:-1] if not (ROOT / one).exists()] == []
        if name == "RUN":
            subprocess.run(["bash", "-n", "-c", rest], check=True)


def test_dockerfile_starts_an_existing_command():
    last = dict(instructions())
    (program,) = json.loads(last["ENTRYPOINT"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert program in project["scripts"]
    verb, *arguments = json.loads(last["CMD"])
    command = get_command(cli.app).commands[verb]  # type: ignore[attr-defined]
    context = command.make_context(verb, arguments)
    ports = {str(context.params["mqtt_port"]), str(context.params["mqtt_tls_port"])}
    assert ports == set(last["EXPOSE"].split())
    assert str(context.params["state"]) == last["VOLUME"]


def test_image_is_built_where_docker_is(tmp_path: Path):
    if not shutil.which("docker"):
        pytest.skip(reason="docker is not installed")
    image = re.search(r"FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert image
    there = subprocess.run(
        ["docker", "image", "inspect", image[1]], capture_output=True, check=False
    )
    if there.returncode:
        missing = f"docker does not run here, or has no image {image[1]}: docker pull {image[1]}"
        pytest.skip(reason=missing)
    subprocess.run(["docker", "build", "--tag", "alink-sim:test", ROOT], check=True)
    command = shlex.split("docker run --rm alink-sim:test --version")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("alink-sim ")
