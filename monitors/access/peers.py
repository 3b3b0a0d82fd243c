"""Who is at the other end of a request (来访方): the client's address, whether HTTPS reached us, and which site asked.

What a proxy says is believed only where the proxy is one of ``session.trusted_proxies``.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from monitors.settings import Settings

_DEFAULT_PORT = {"http": 80, "https": 443}


@lru_cache(maxsize=8)
def _networks(written: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in written)


def _address(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    word = word.strip()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    try:
        found = ipaddress.ip_address(word)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _trusted(word: str, settings: Settings) -> bool:
    address = _address(word)
    return address is not None and any(address in one for one in _networks(settings.session.trusted_proxies))


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def client_address(scope: Scope, settings: Settings) -> str:
    """The address the request comes from: the last one that is not a proxy of ours, read from the right."""
    found = _peer(scope)
    if not _trusted(found, settings):
        return found
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    for word in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        address = _address(word)
        if address is None:
            break  # not an address: whoever wrote it is not to be believed further
        found = str(address)
        if not _trusted(found, settings):
            break
    return found


def is_https(scope: Scope, settings: Settings) -> bool:
    """Whether the visitor's browser speaks HTTPS: to us, or to a proxy of ours that says so."""
    if scope.get("scheme") in ("https", "wss"):
        return True
    said = Headers(scope=scope).get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    return said == "https" and _trusted(_peer(scope), settings)


def host(scope: Scope, settings: Settings) -> str:
    """The name in the visitor's address bar, with its port."""
    headers = Headers(scope=scope)
    if _trusted(_peer(scope), settings) and (said := headers.get("x-forwarded-host", "")):
        return said.rpartition(",")[2].strip().lower()
    return headers.get("host", "").lower()


def same_origin(scope: Scope, settings: Settings) -> bool:
    """Whether the request was made by a page of this very site. One that does not say is not."""
    headers = Headers(scope=scope)
    said = headers.get("origin", "")
    if not said and scope["type"] == "http":
        said = headers.get("referer", "")
    ours = f"{'https' if is_https(scope, settings) else 'http'}://{host(scope, settings)}"
    return bool(said) and _origin(said) is not None and _origin(said) == _origin(ours)


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in _DEFAULT_PORT or not parts.hostname or parts.username is not None:
            return None
        return scheme, parts.hostname.lower(), parts.port or _DEFAULT_PORT[scheme]
    except ValueError:
        return None
