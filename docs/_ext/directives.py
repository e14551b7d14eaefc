"""Sphinx directives of this site, for content that is generated.

```{api} alink.thing          the public API of a module, or of the names below it
```{commands} alink_sim.cli alink-sim
```{settings}                 the settings of the simulated platform
```{peripherals}              what the firmware of a simulated board can import
```{stock-images}             what stock images have, and what of it is simulated
```{errors} device            the messages of device, platform or line; "codes": those of the wire
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext import (
    commands,
    entries,
    errors,
    languages,
    peripherals,
    pictures,
    settings,
    stock_images,
)


class _Generated(SphinxDirective):
    """A directive whose content is MyST Markdown made of the source."""

    has_content = True
    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what Sphinx makes of the Markdown."""
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)

    def text(self) -> str:
        """Return the Markdown."""
        raise NotImplementedError


class Api(_Generated):
    """The public API of a module.

    Each line of the content is a name to describe; without lines, all names are described.
    `:rest: NAMES` leaves these out; `:fixtures:` shows functions as pytest fixtures.
    """

    option_spec: ClassVar = {"rest": directives.unchanged, "fixtures": directives.flag}

    def text(self) -> str:
        """Return the Markdown."""
        module = self.arguments[0]
        if "fixtures" in self.options:
            return entries.describe_fixtures(module)
        left_out = self.options.get("rest", "").split()
        names = [line.strip() for line in self.content if line.strip()]
        if left_out:
            names = [name for name in entries.names(module) if name not in left_out]
        return entries.describe(module, names=names or None)


class Members(_Generated):
    """The members of a class that users reach as an attribute: its path, and how they reach it."""

    def text(self) -> str:
        """Return the Markdown."""
        return entries.describe_members(self.arguments[0], self.arguments[1])


class Commands(_Generated):
    """Every command of a Typer command line: the module of its `app`, the program's name."""

    def text(self) -> str:
        """Return the Markdown."""
        return commands.describe(self.arguments[0], self.arguments[1])


class Settings(_Generated):
    """The settings of the simulated platform as a table."""

    required_arguments = 0

    def text(self) -> str:
        """Return the Markdown."""
        return settings.table()


class Peripherals(Settings):
    """The names of MicroPython that a simulated board has, and those that it refuses."""

    def text(self) -> str:
        """Return the Markdown."""
        return peripherals.tables()


class StockImages(Settings):
    """What stock images of the ESP32 family have, and what of it is simulated."""

    def text(self) -> str:
        """Return the Markdown."""
        return stock_images.tables()


class Errors(_Generated):
    """The messages of a part with cause and cure, in the language of the page."""

    optional_arguments = 0

    def text(self) -> str:
        """Return the Markdown."""
        return errors.describe(self.arguments[0], languages.language_of(self.env.docname))


class Flowchart(SphinxDirective):
    """A Mermaid flowchart as SVG."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the picture in a box that scrolls on a narrow screen."""
        picture = pictures.svg("\n".join(self.content))
        return [nodes.raw("", f'<div class="scrolls">{picture}</div>', format="html")]


def _link_languages(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put links to the other languages below the title of a page."""
    content[0] = languages.with_links(content[0], docname, app.env.found_docs)


def _name_language(
    _app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    """Tell browsers and screen readers which language a page has."""
    context["language"] = languages.language_of(pagename)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("api", Api)
    app.add_directive("members", Members)
    app.add_directive("commands", Commands)
    app.add_directive("settings", Settings)
    app.add_directive("peripherals", Peripherals)
    app.add_directive("stock-images", StockImages)
    app.add_directive("errors", Errors)
    app.add_directive("mermaid", Flowchart)
    app.connect("source-read", _link_languages)
    app.connect("html-page-context", _name_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
