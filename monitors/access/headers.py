"""Security headers on every answer (安全响应头): what a browser may load, run, frame and pass on.

Streamlit builds styles at run time and Vega compiles its charts, so the pages' policy names what they need and no
more; the sign-in pages run no script at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

from starlette.types import Message, Send

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()",
    ),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_DOORS = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def script_hashes(page: str) -> tuple[str, ...]:
    """CSP sources for the scripts written inside ``page`` (HTML), in order."""
    found = _INLINE_SCRIPT.findall(page)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in found)


def doors_policy() -> str:
    """For the sign-in pages: no script, no frame, nothing from elsewhere."""
    return _DOORS


def pages_policy(hashes: Sequence[str], host: str) -> str:
    """For Streamlit's pages. ``hashes``: its own inline scripts; ``host``: the address bar's, for the WebSocket.

    ``blob:`` carries the code of our live components; older browsers do not take ``'self'`` for ws:, hence the host.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    inline = "".join(f" {one}" for one in hashes)
    return (
        "default-src 'self'; "
        f"script-src 'self' blob:{inline}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        f"connect-src 'self'{sockets}; worker-src 'self' blob:; media-src 'self' data: blob:; frame-src 'none'; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
    )


def dressed(send: Send, *, policy: str, https: bool, cache: str = "") -> Send:
    """``send`` that puts the headers on the answer, over what the application said; ``cache`` replaces its own.

    A page is never kept: gone back to after the sign-out, a browser would show it as it was left.
    """
    ours = [*_ALWAYS, (b"content-security-policy", policy.encode())]
    if https:
        ours.append(_HSTS)
    if cache:
        ours.append((b"cache-control", cache.encode()))
    named = {name for name, _value in ours} | {b"server"}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = [(name.lower(), value) for name, value in message.get("headers", ())]
            page = not cache and any(name == b"content-type" and value.startswith(b"text/html") for name, value in said)
            dropped = named | {b"cache-control"} if page else named
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in dropped]
            unkept = [(b"cache-control", b"no-store, private")] if page else []
            message = {**message, "headers": [*kept, *ours, *unkept]}
        await send(message)

    return sending
