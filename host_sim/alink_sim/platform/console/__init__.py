"""The web console: what the vendor's console shows and does, in a browser, for one platform.

A request passes `connection` (a head has to arrive in time), `server` (host, session, CSRF token)
and `pages` (one module a menu entry). `platform_view` is the only module here that knows the
platform; `templates` turns values into HTML; `live` tells open pages when to fetch themselves
again. docs/explanation/decisions.md, section "The console", says why it is built so.
"""
