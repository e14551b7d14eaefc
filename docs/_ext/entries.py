"""Write the public API of a module as MyST Markdown, for Sphinx's Python domain.

Docstrings are Markdown: Google-style sections (`Args:`, `Returns:`, `Raises:`) become fields,
indented text becomes code, and `docs/PAGE.md, "Section"` becomes a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import griffe

from docs._ext import api

_SELF = ("self", "cls")
# A docstring names a page of docs/ as `docs/reference/protocol.md, "Login"`.
_PAGE = re.compile(r'docs/([\w/-]+)\.md(?:,\s+"([^"]+)")?')


def describe(dotted: str, *, names: list[str] | None = None) -> str:
    """Return the API of a module as MyST Markdown.

    `names` are the public names to describe, in that order; without them all are described.
    Raises KeyError for a name that is not public.
    """
    members = api.public_members(api.module(dotted))
    chosen = {name: members[name] for name in names} if names else members
    documented = frozenset(one.path for one in members.values())
    parts = [f"```{{py:currentmodule}} {dotted}\n```"]
    for name, one in chosen.items():
        parts.append(_entry(name, one, documented))
    return "\n\n".join(parts) + "\n"


def names(dotted: str) -> list[str]:
    """Return the public names of a module in the order of its source."""
    return list(api.public_members(api.module(dotted)))


def describe_fixtures(dotted: str) -> str:
    """Return the pytest fixtures of a plugin as MyST Markdown, without their parameters."""
    members = api.public_members(api.module(dotted))
    parts = [f"```{{py:currentmodule}} {dotted}\n```"]
    for name, one in members.items():
        if isinstance(one, griffe.Function) and any(
            "fixture" in str(d.value) for d in one.decorators
        ):
            returns = f":type: {one.returns}" if one.returns else ""
            parts.append(_block("data", name, _text(one), [], returns))
    return "\n\n".join(parts) + "\n"


def describe_members(dotted: str, shown: str) -> str:
    """Return the members of a class as MyST Markdown, for users who never make an instance.

    `shown` is how they reach it, such as "Platform.console", in the package of the module.
    Raises KeyError if no class has that path.
    """
    module, _, name = dotted.rpartition(".")
    found = api.module(module).members[name]
    if not isinstance(found, griffe.Class):
        raise KeyError(dotted)
    package = module.rpartition(".")[0]
    parts = [f"```{{py:currentmodule}} {package}\n```", _text(found)]
    parts += [_member(f"{shown}.{name}", one) for name, one in api.class_members(found).items()]
    return "\n\n".join(parts) + "\n"


# ---------------------------------------------------------------------------- one entry


def _entry(path: str, one: griffe.Object, documented: frozenset[str]) -> str:
    if isinstance(one, griffe.Class):
        return _class(path, one, documented)
    if isinstance(one, griffe.Function):
        return _block("function", _signature(path, one), _text(one))
    return _block("data", path, _text(one))


def _class(path: str, one: griffe.Class, documented: frozenset[str]) -> str:
    inner = [_text(one)]
    made = one.members.get("__init__")
    if isinstance(made, griffe.Function):
        inner.append(_text(made))
        heading = _signature(path, made)
    elif "dataclass" in one.labels:
        heading = path + _arguments(one.parameters)
    else:
        heading = path
    bases = [str(base) for base in one.bases]
    if any(base.endswith(("Error", "Exception")) for base in bases):
        return _block("exception", path, "\n\n".join(inner))
    for name, member in api.class_members(one, documented).items():
        inner.append(_member(name, member))
    return _block("class", heading, "\n\n".join(inner))


def _member(name: str, one: griffe.Object) -> str:
    if isinstance(one, griffe.Function):
        options = [kind for kind in ("classmethod", "staticmethod", "async") if kind in one.labels]
        return _block("method", _signature(name, one), _text(one), options)
    kind = "property" if "property" in one.labels else "attribute"
    annotation = getattr(one, "annotation", None)
    return _block(kind, name, _text(one), [], f":type: {annotation}" if annotation else "")


def _block(
    kind: str, heading: str, text: str, options: Sequence[str] | None = None, more: str = ""
) -> str:
    fence = "`" * (3 + _deepest_fence(text))
    lines = [f"{fence}{{py:{kind}}} {heading}", *(f":{name}:" for name in options or [])]
    if more:
        lines.append(more)
    return "\n".join([*lines, "", text.strip("\n"), fence])


def _deepest_fence(text: str) -> int:
    longest = max((len(line) - len(line.lstrip("`")) for line in text.splitlines()), default=0)
    return max(longest - 2, 0)


# ---------------------------------------------------------------------------- signatures


def _signature(path: str, one: griffe.Function) -> str:
    returns = f" -> {one.returns}" if one.returns and one.name != "__init__" else ""
    return path + _arguments(one.parameters) + returns


def _arguments(parameters: griffe.Parameters) -> str:
    words = []
    bare_star = False
    for one in parameters:
        if one.name in _SELF:
            continue
        word = one.name
        if one.kind is griffe.ParameterKind.var_positional:
            word, bare_star = "*" + word, True
        elif one.kind is griffe.ParameterKind.var_keyword:
            word = "**" + word
        elif one.kind is griffe.ParameterKind.keyword_only and not bare_star:
            words.append("*")
            bare_star = True
        if one.annotation is not None:
            word += f": {one.annotation}"
        if one.default is not None and not word.startswith("*"):
            word += f" = {one.default}" if one.annotation is not None else f"={one.default}"
        words.append(word)
    return "(" + ", ".join(words) + ")"


# ---------------------------------------------------------------------------- docstrings


def _text(one: griffe.Object) -> str:
    if not one.docstring:
        return ""
    return "\n\n".join(_sections(one.docstring))


def _sections(docstring: griffe.Docstring) -> Iterator[str]:
    fields: list[str] = []
    for section in docstring.parsed:
        if isinstance(section, griffe.DocstringSectionText):
            yield _markdown(section.value)
        elif isinstance(section, griffe.DocstringSectionAdmonition):
            yield _markdown(f"**{section.title}** {section.value.description}")
        elif isinstance(section, griffe.DocstringSectionParameters):
            fields += [f":param {one.name}: {_line(one.description)}" for one in section.value]
        elif isinstance(section, griffe.DocstringSectionRaises):
            fields += [
                f":raises {one.annotation}: {_line(one.description)}" for one in section.value
            ]
        elif isinstance(section, griffe.DocstringSectionReturns | griffe.DocstringSectionYields):
            fields += [f":returns: {_line(one.description)}" for one in section.value]
        elif isinstance(section, griffe.DocstringSectionAttributes):
            rows = [f"- `{one.name}`: {_line(one.description)}" for one in section.value]
            yield "\n".join(["**Attributes**", "", *rows])
    if fields:
        yield "\n".join(fields)


def _line(text: str) -> str:
    return _PAGE.sub(_link, " ".join(text.split()))


def _markdown(text: str) -> str:
    """Return prose as Markdown: indented text of a docstring is code."""
    lines = []
    in_code = False
    for line in text.splitlines():
        indented = line.startswith("    ")
        if indented and not in_code:
            lines += ["", "```python"]
            in_code = True
        elif in_code and line.strip() and not indented:
            while lines[-1] == "":
                lines.pop()
            lines += ["```", ""]
            in_code = False
        lines.append(line[4:] if in_code else line)
    if in_code:
        while lines[-1] == "":
            lines.pop()
        lines.append("```")
    return _PAGE.sub(_link, "\n".join(lines))


def _link(page: re.Match[str]) -> str:
    name, section = page[1].rpartition("/")[2], page[2]
    anchor = "#" + re.sub(r"[^\w -]", "", section.lower()).replace(" ", "-") if section else ""
    title = f"{name}, {section}" if section else name
    return f"[{title}](/{page[1]}.md{anchor})"
