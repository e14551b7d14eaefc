"""One request of a browser that may use the console: what a page's handler works with."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from alink_sim.platform.console.platform_view import PlatformView
from alink_sim.platform.console.security import Notice, Session
from alink_sim.platform.console.templates import Templates
from alink_texts import translations
from alink_texts.sentences import sentences

_MAX_NOTICE = 500


@dataclass(frozen=True)
class Visit:
    """A request with its session, and the words of its language."""

    request: web.Request
    view: PlatformView
    templates: Templates
    session: Session
    language: str
    theme: str
    form: MultiMapping[Any] = field(repr=False)

    def words(self, text: str, **values: Any) -> str:
        """Return a text in the language of the visit; `values` fill its %(name)s."""
        translated = translations(self.language).gettext(text)
        return translated % values if values else translated

    def says(self, error: Exception) -> str:
        """Return what an error of the platform says, in the language of the visit."""
        return sentences(self.language).translate(str(error))

    def part(self, name: str) -> str:
        """Return a part of the path, "" where the path lacks it."""
        return self.request.match_info.get(name, "")

    def query(self, name: str) -> str:
        """Return a parameter of the address, "" where it lacks it."""
        return self.request.query.get(name, "").strip()

    def number(self, name: str, default: int, *, most: int) -> int:
        """Return a number of the address from 1 to `most`, `default` where it has none."""
        text = self.query(name)
        return min(max(int(text), 1), most) if text.isdecimal() and len(text) < 10 else default

    def field(self, name: str) -> str:
        """Return a text of the form without blanks at its ends, "" where the form lacks it."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def file(self, name: str) -> tuple[str, bytes]:
        """Return name and content of a file of the form, both empty where none was chosen."""
        value = self.form.get(name)
        if isinstance(value, web.FileField):
            return value.filename, value.file.read()
        return "", b""

    def page(self, template: str, *, status: int = 200, **context: Any) -> web.Response:
        """Return a page."""
        # A page that is open asks for itself after an event (console.js) and shows only parts of
        # the response: a notice in it would be lost.
        is_refresh = "X-Live" in self.request.headers
        text = self.templates.render(
            template,
            language=self.language,
            theme=self.theme,
            csrf=self.session.csrf,
            notices=[] if is_refresh else self.session.take_notices(),
            path=self.request.path,
            address_here=self.request.path_qs,
            view=self.view,
            **context,
        )
        return web.Response(text=text, content_type="text/html", status=status)

    def go(self, path: str, notice: str = "", *, is_error: bool = False) -> web.Response:
        """Return a redirect to a page of the console, which shows a notice."""
        if notice:
            self.session.notices.append(Notice(notice[:_MAX_NOTICE], is_error))
        return web.Response(status=303, headers={"Location": path})

    async def attempt(
        self, action: Awaitable[object], *, then: str, done: str, failed: str = ""
    ) -> web.Response:
        """Carry an action out and go on; what the platform refuses becomes an error notice.

        `then` is the page behind it, `failed` the page where it was refused, if it is another.
        """
        try:
            await action
        except ValueError as error:
            return self.go(failed or then, self.says(error), is_error=True)
        return self.go(then, done)
