"""Which addresses may be read, and how two spellings of one address are recognised. No I/O.

The watch fetches addresses that strangers wrote (links in feeds, redirects). Without a guard such an address could
make the server read the office's own intranet (server-side request forgery), so the rules are lists of what is
refused *and* an allow rule where lists would never be complete (IPv6: only global unicast, ``2000::/3``).
Python's ``is_global`` is not enough: in 3.11 it accepts NAT64, 6to4, multicast and site-local addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from monitors.errors import FetchError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARS = 4096  # honest addresses stay below 2,000; servers refuse more than 8,000 anyway

# Why an IPv4 network is refused, in the words of the refusal. Sources: IANA special-purpose registry, cloud manuals.
_REFUSED_V4: tuple[tuple[ipaddress.IPv4Network, str], ...] = tuple(
    (ipaddress.IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "本机"),
        ("10.0.0.0/8", "内网"),
        ("100.64.0.0/10", "运营商内网或云元数据"),  # carrier-grade NAT; 100.100.100.200 is a cloud's metadata
        ("127.0.0.0/8", "本机"),
        ("169.254.0.0/16", "链路本地或云元数据"),
        ("172.16.0.0/12", "内网"),
        ("192.0.0.0/24", "保留地址"),  # holds 192.0.0.192, a cloud's metadata
        ("192.0.2.0/24", "保留地址"),
        ("192.88.99.0/24", "保留地址"),  # 6to4 relay
        ("192.168.0.0/16", "内网"),
        ("198.18.0.0/15", "保留地址"),
        ("198.51.100.0/24", "保留地址"),
        ("203.0.113.0/24", "保留地址"),
        ("224.0.0.0/4", "组播"),
        ("240.0.0.0/4", "保留地址"),  # broadcast included
        ("168.63.129.16/32", "云元数据"),  # public by number, but a cloud's internal wire server
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6: tuple[tuple[ipaddress.IPv6Network, str], ...] = tuple(
    (ipaddress.IPv6Network(network), why)
    for network, why in (
        ("2001::/23", "保留地址"),  # protocol assignments; holds Teredo (2001::/32), which embeds an IPv4 address
        ("2001:db8::/32", "保留地址"),
        ("2002::/16", "转换地址"),  # 6to4 embeds an IPv4 address
        ("3fff::/20", "保留地址"),
    )
)

_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?\Z")
_NUMERIC_LABEL = re.compile(r"(\d+|0x[0-9a-f]*)\Z")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?[]|"
# Parameters that say how a reader came, never what is read.
_TRACKING = re.compile(
    r"(utm_\w+|spm|from|share_token|fbclid|gclid|isappinstalled|scene|timestamp_from)\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that passed the rules: ``url`` is ASCII without fragment, ``host`` lower case without brackets."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> IPAddress | None:
        """The IP address where the host is one, else None."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """The networks named in ``fetch.trusted_networks`` (already checked by the settings)."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def is_trusted(ip: IPAddress, trusted: Sequence[IPNetwork]) -> bool:
    """Whether the operator named a network holding this address."""
    return any(ip.version == network.version and ip in network for network in trusted)


def refusal(ip: IPAddress, trusted: Sequence[IPNetwork] = ()) -> str:
    """Why an address must not be connected to, in Chinese (内网、本机…), or ``""`` where it may."""
    if is_trusted(ip, trusted):
        return ""
    if isinstance(ip, ipaddress.IPv4Address):
        return next((why for network, why in _REFUSED_V4 if ip in network), "")
    if ip.scope_id is not None or ip not in _GLOBAL_V6:
        # Covers loopback, link- and site-local, unique local, multicast, NAT64 (64:ff9b::) and mapped IPv4.
        return "本机" if ip == ipaddress.IPv6Address("::1") else "非公网地址"
    return next((why for network, why in _REFUSED_V6 if ip in network), "")


def check_url(url: str) -> Address:
    """Check an address by its text alone, before any name is looked up.

    Raises FetchError(kind="refused") for other schemes than http/https, user names, backslashes, control characters,
    odd numeric hosts (``2130706433``, ``0x7f.1``) and ports below 1024 other than 80–90 and 443.
    """
    url = url.strip()
    if len(url) > MAX_URL_CHARS:
        raise _refused("网址过长", url)
    if "\\" in url or _CONTROL.search(url.replace(" ", "")):
        raise _refused("网址含反斜杠或控制字符", url)
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise _refused("网址格式不对", url) from None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        raise _refused("只能读取 http 或 https 网址", url)
    if "@" in parts.netloc:
        raise _refused("网址中不能带用户名或密码", url)
    host = _ascii_host(host, url)
    if port is None:
        port = 443 if scheme == "https" else 80
    if not (80 <= port <= 90 or port == 443 or 1024 <= port <= 65535):
        raise _refused(f"端口 {port} 不是网站端口", url)
    netloc = f"[{host}]" if ":" in host else host
    if port != (443 if scheme == "https" else 80):
        netloc = f"{netloc}:{port}"
    path = quote(parts.path, safe=_PATH_SAFE) or "/"
    return Address(urlunsplit((scheme, netloc, path, quote(parts.query, safe=_QUERY_SAFE), "")), scheme, host, port)


def _ascii_host(host: str, url: str) -> str:
    """Lower-case ASCII host name or IP literal; Chinese names become punycode, full-width digits become digits."""
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise _refused("网址中的主机名不对", url) from None
    try:
        host = host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise _refused("网址中的主机名不对", url) from None
    host = host.rstrip(".")
    if not _HOST.match(host) or ".." in host:
        raise _refused("网址中的主机名不对", url)
    if _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
        # Resolvers read 2130706433, 0177.0.0.1 and 127.1 as addresses; only the plain dotted form is honest.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise _refused("网址中的主机名不对", url) from None
    return host


def _refused(reason: str, url: str) -> FetchError:
    shown = _CONTROL.sub("·", url)
    return FetchError(f"地址被拒绝：{reason}（{shown[:120]}）", kind="refused")


def absolute_url(href: str, base: str = "") -> str:
    """``href`` as an absolute http(s) address, resolved against ``base``; ``""`` for anything else.

    ``javascript:``, ``data:`` and the like never reach the database (fault 26).
    """
    href = _CONTROL.sub("", href.replace(" ", "%20").strip()) if href else ""
    href = href.removeprefix("%20")
    if not href or href.startswith("#"):
        return ""
    try:
        joined = urljoin(base, href) if base else href
        parts = urlsplit(joined)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host or "\\" in parts.netloc or "@" in parts.netloc:
        return ""
    return joined[:MAX_URL_CHARS]


def canonical_url(url: str) -> str:
    """The spelling under which two links to one report are equal: no fragment, tracking parameters or default port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".")
    if not host:
        return url
    if ":" in host:
        host = f"[{host}]"
    if port and port not in (80, 443):
        host = f"{host}:{port}"
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=None)
        kept = [(key, value) for key, value in pairs if not _TRACKING.match(key)]
        query = urlencode(kept) if len(kept) != len(pairs) else query
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", query, ""))
