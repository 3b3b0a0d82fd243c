"""One visit to one address: bounded in time, bytes and redirects, guarded on every hop, told in plain Chinese.

Nothing here knows of sources, feeds or the database: in goes an address, out comes a ``Response`` or a ``FetchError``
whose ``kind`` says how patient to be.
"""

from __future__ import annotations

import asyncio
import email.utils
import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import h11
import httpcore2
import httpx2

from monitors import clock, settings
from monitors.errors import FetchError
from monitors.opinion.addresses import Address, check_url, is_trusted, networks
from monitors.opinion.guard import GuardedBackend, Resolver, default_tls
from monitors.opinion.manners import Manners
from monitors.opinion.model import Response

_ACCEPT = (
    "application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,text/html;q=0.8,*/*;q=0.5"
)
_ENCODINGS = ("gzip", "deflate", "br")
# Headers a source may not set: they belong to the connection or to our own conditional requests.
_OUR_HEADERS = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te", "upgrade"}
_STATUS_WORDS = {
    400: "请求不被接受",
    401: "需要登录",
    403: "禁止访问，可能被对方防护拦截",
    404: "页面不存在",
    405: "不接受这种请求方式",
    406: "请求不被接受",
    408: "对方等待超时",
    410: "页面已删除",
    412: "被对方防护拦截",
    421: "请求不被接受",
    429: "访问过于频繁",
    451: "因法律原因不可访问",
    500: "对方服务器出错",
    502: "对方网关出错",
    503: "对方服务暂不可用",
    504: "对方网关超时",
    521: "对方防护拒绝",
}
_TEMPORARY_STATUS = {408, 425, 429, 503}
_REDIRECTS = {301, 302, 303, 307, 308}
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})=([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,2000})")
_MAX_COOKIES = 20


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request of a visit, rewritten from hop to hop."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Fetcher:
    """Reads addresses politely and safely. Use as an async context manager; one serves the whole watch.

    ``retry_after_cap``: seconds beyond which a server's Retry-After is not believed. ``tls``: for servers whose
    certificate only the operator's own authority signed; the default trusts the system's and the shipped authorities.
    """

    def __init__(
        self,
        settings: settings.Fetch,
        *,
        retry_after_cap: float = 86400.0,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
        manners: Manners | None = None,
    ) -> None:
        self._settings = settings
        self._retry_after_cap = retry_after_cap
        self._trusted = networks(settings.trusted_networks)
        self._resolver = resolver or Resolver(settings.connect_seconds)
        self._manners = manners or Manners(settings.host_gap_seconds)
        self._own: dict[str, bool] = {}
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or default_tls(),
            max_connections=None,  # the watch's own concurrency and the manners bound it
            max_keepalive_connections=50,
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(self._resolver, self._trusted),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Response:
        """Read ``url`` and return what came, inflated and capped; 304 only where a condition was sent.

        ``fetch.deadline_seconds`` bounds the time spent talking (look-ups, connecting, reading, every redirect);
        waiting for the host's turn is queueing of our own making and does not count. ``elapsed_seconds`` is the
        same talking time. Raises FetchError.
        """
        ask = _first_ask(self._settings, method, headers, body, etag=etag, last_modified=last_modified)
        conditional = etag is not None or last_modified is not None
        address = check_url(url)
        own_headers = {name.lower() for name, _ in headers}
        budget = self._settings.deadline_seconds
        cookies: dict[str, str] = {}
        turn_host = ""
        async with AsyncExitStack() as turn:
            for _ in range(self._settings.max_redirects + 1):
                started = time.monotonic()
                try:
                    async with asyncio.timeout(max(0.0, budget)):
                        own = await self._is_own(address)
                except TimeoutError:
                    raise self._too_slow(address) from None
                budget -= time.monotonic() - started
                if address.host != turn_host:
                    # Let go before waiting for the next host: two sources redirecting to each other would lock.
                    await turn.aclose()
                    await turn.enter_async_context(self._manners.visit(address.host, own=own))
                    turn_host = address.host
                started = time.monotonic()
                try:
                    async with asyncio.timeout(max(0.0, budget)):
                        answer = await self._talk(address, ask, cookies)
                except TimeoutError:
                    raise self._too_slow(address) from None
                budget -= time.monotonic() - started
                if answer.status not in _REDIRECTS:
                    spent = self._settings.deadline_seconds - budget
                    return self._judge(answer, address, own=own, conditional=conditional, spent=spent)
                address, ask, cookies = _next_hop(address, ask, answer, cookies, own_headers)
        raise FetchError(f"跳转过多：超过 {self._settings.max_redirects} 次，最后到 {address.host}", kind="soft")

    def _too_slow(self, address: Address) -> FetchError:
        seconds = self._settings.deadline_seconds
        return FetchError(f"读取超时：{seconds:g} 秒内没有读完 {address.host} 的内容", kind="temporary")

    async def _is_own(self, address: Address) -> bool:
        """Whether the host lies wholly in the operator's networks; decides manners only, never the guard."""
        if not self._trusted:
            return False
        known = self._own.get(address.host)
        if known is None:
            try:
                found = await self._resolver.addresses(address.host)
            except FetchError:
                return False  # the connection will say so in words
            known = self._own[address.host] = all(is_trusted(ip, self._trusted) for ip in found)
        return known

    async def _talk(self, address: Address, ask: _Ask, cookies: Mapping[str, str]) -> _Answer:
        """Send one request and read its answer whole. The caller bounds the time."""
        headers = list(ask.headers)
        if cookies:
            headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
        request = httpx2.Request(ask.method, address.url, headers=headers, content=ask.body or None)
        timeouts = {"connect": self._settings.connect_seconds}
        raw = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=address.scheme,
                host=f"[{address.host}]" if ":" in address.host else address.host,
                port=address.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=ask.body or None,
            extensions={"timeout": timeouts},
        )
        try:
            answer = await self._pool.handle_async_request(raw)
            try:
                return await self._read(answer, request, address)
            finally:
                await answer.aclose()
        except httpcore2.ConnectTimeout:
            raise FetchError(
                f"连接超时：{self._settings.connect_seconds:g} 秒内未连上 {address.host}", kind="temporary"
            ) from None
        except httpcore2.ConnectError as error:
            raise _connect_error(error, address) from error
        except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
            raise FetchError(f"连接中断：{address.host} 没有传完就断开了", kind="temporary") from error
        except (httpcore2.ProtocolError, h11.ProtocolError) as error:
            raise _protocol_error(error, address) from error
        except OSError as error:
            raise FetchError(
                f"网络出错：读取 {address.host} 时 {error.strerror or '连接异常'}", kind="temporary"
            ) from error

    async def _read(self, answer: httpcore2.Response, request: httpx2.Request, address: Address) -> _Answer:
        """The body after decompression, given up the moment it passes the cap."""
        headers = {name.lower(): value for name, value in httpx2.Headers(answer.headers).items()}
        layers = _encodings(headers)
        received = [(name, value) for name, value in answer.headers if name.lower() != b"content-encoding"]
        received += [(b"content-encoding", name.encode()) for name in layers]
        response = httpx2.Response(answer.status, headers=received, stream=_Stream(answer), request=request)
        if answer.status in _REDIRECTS or answer.status == 304:
            cookies = tuple(response.headers.get_list("set-cookie"))
            return _Answer(answer.status, headers, b"", cookies)
        # Layers of compression serve bombs only: the middle layer may inflate without end before a byte comes out.
        if len(layers) > 1 or not set(layers) <= set(_ENCODINGS):
            raise FetchError(f"压缩方式不认识：{address.host} 用了 {'、'.join(layers)[:40]}", kind="soft")
        cap = self._settings.max_body_bytes
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > cap:
                    message = f"内容过大：{address.host} 解压后超过 {cap / 1_048_576:.3g} MB"
                    raise FetchError(message, kind="soft")
        except httpx2.DecodingError as error:
            raise FetchError(f"内容损坏：{address.host} 的压缩数据无法解开", kind="soft") from error
        return _Answer(answer.status, headers, bytes(body), ())

    def _judge(self, answer: _Answer, address: Address, *, own: bool, conditional: bool, spent: float) -> Response:
        """A final status: a Response, or a FetchError of the right kind with the server's Retry-After, clamped."""
        status, now = answer.status, clock.utc_now()
        if status == 304 and not conditional:
            raise FetchError("服务器返回 304（未修改），但并未询问是否修改", kind="soft", status=status)
        if 200 <= status < 300 or status == 304:
            return Response(address.url, status, answer.headers, answer.body, now, spent)
        retry_after = None
        if status in (429, 503):
            retry_after = read_retry_after(answer.headers.get("retry-after", ""), now, cap=self._retry_after_cap)
            if retry_after is not None and not own:
                self._manners.hold(address.host, retry_after)
        words = _STATUS_WORDS.get(status, "对方服务器出错" if status >= 500 else "请求不被接受")
        kind = "temporary" if status in _TEMPORARY_STATUS else "soft" if status >= 500 or status < 400 else "hard"
        raise FetchError(f"服务器返回 {status}（{words}）", kind=kind, status=status, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...]


class _Stream(httpx2.AsyncByteStream):
    """httpcore's byte stream as the response class wants it."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part


def read_retry_after(value: str, now: datetime, *, cap: float) -> float | None:
    """Seconds a server asks us to wait: from seconds or an HTTP date, clamped to 0…``cap``; None where unreadable."""
    value = value.strip()
    if re.fullmatch(r"\d{1,12}", value):
        return min(float(value), cap)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), cap)


def _first_ask(
    settings: settings.Fetch,
    method: str,
    headers: Sequence[tuple[str, str]],
    body: str,
    *,
    etag: str | None,
    last_modified: str | None,
) -> _Ask:
    sent: dict[str, str] = {
        "user-agent": settings.user_agent,
        "accept": _ACCEPT,
        "accept-language": "zh-CN,zh;q=0.9",
        "accept-encoding": ", ".join(_ENCODINGS),
    }
    if body:
        json_like = body.lstrip()[:1] in ("{", "[")
        sent["content-type"] = "application/json" if json_like else "application/x-www-form-urlencoded"
    if etag is not None:
        sent["if-none-match"] = etag
    if last_modified is not None:
        sent["if-modified-since"] = last_modified
    for name, value in headers:
        if name.lower() not in _OUR_HEADERS:
            sent[name.lower()] = value
    for name, value in sent.items():
        if not name.isascii() or re.search(r"[\r\n\x00]", name + value):
            raise FetchError(f"请求头 {name[:40]} 含不允许的字符", kind="refused")
    encoded = tuple((name, value if value.isascii() else _header_text(value)) for name, value in sent.items())
    return _Ask(method.upper(), encoded, body.encode())


def _header_text(value: str) -> str:
    """Chinese in a header (a Referer with a keyword) travels percent-encoded."""
    return "".join(char if char.isascii() else "".join(f"%{byte:02X}" for byte in char.encode()) for char in value)


def _next_hop(
    address: Address, ask: _Ask, answer: _Answer, cookies: Mapping[str, str], own_headers: set[str]
) -> tuple[Address, _Ask, dict[str, str]]:
    """Where a redirect leads and what may be sent there. Raises FetchError where it may not be followed.

    A secure address is never exchanged for an open one behind the operator's back. A source's own headers (cookies,
    referers, keys) and the cookies set on the way stay with the host they were meant for.
    """
    location = answer.headers.get("location", "").strip()
    if not location:
        raise FetchError(f"服务器返回 {answer.status}（跳转），但没有说跳到哪里", kind="soft", status=answer.status)
    try:
        target = check_url(urljoin(address.url, location))
    except ValueError:
        raise FetchError(f"跳转地址格式不对（{location[:80]}）", kind="refused") from None
    if address.scheme == "https" and target.scheme == "http":
        message = f"地址被拒绝：从加密网址跳到了不加密的 {target.url[:120]}；确认无误后请直接改用该地址"
        raise FetchError(message, kind="refused")
    same_host = target.host == address.host
    kept = dict(cookies) if same_host else {}
    for line in answer.cookies if same_host else ():
        # Some portals answer a first visit with "take this cookie and come again"; the cookie lives for this visit.
        found = _COOKIE.match(line)
        if found and len(kept) < _MAX_COOKIES:
            kept[found[1]] = found[2]
    method, body, headers = ask.method, ask.body, ask.headers
    if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        headers = tuple(item for item in headers if item[0] != "content-type")
    if not same_host:
        if body:
            raise FetchError(f"提交被转到了别的网站 {target.host}，未跟随", kind="soft")
        headers = tuple(item for item in headers if item[0] not in own_headers - {"user-agent", "accept"})
    return target, _Ask(method, headers, body), kept


def _encodings(headers: Mapping[str, str]) -> list[str]:
    names = (name.strip().lower() for name in headers.get("content-encoding", "").split(","))
    return [{"x-gzip": "gzip"}.get(name, name) for name in names if name and name != "identity"]


def _protocol_error(error: Exception, address: Address) -> FetchError:
    text = str(error)
    if "disconnected" in text or "closed connection" in text:
        return FetchError(f"连接中断：{address.host} 没有传完就断开了", kind="temporary")
    return FetchError(f"应答不合规：{address.host} 返回的不是正常的网页协议", kind="soft")


def _connect_error(error: httpcore2.ConnectError, address: Address) -> FetchError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return FetchError(_tls_words(cause, address), kind="hard")
        if isinstance(cause, ConnectionRefusedError):
            return FetchError(f"连接被拒：{address.host} 的端口 {address.port} 没有服务", kind="temporary")
        cause = cause.__cause__ or cause.__context__
    return FetchError(f"连接失败：无法连上 {address.host}（网络不通或对方拒绝）", kind="temporary")


def _tls_words(error: ssl.SSLError, address: Address) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        reasons = {
            10: "证书已过期",
            9: "证书尚未生效，请核对本机时间",
            18: "证书是自签的，不受信任",
            19: "证书链中有自签证书，不受信任",
            20: "证书签发机构不受信任",
            21: "证书链不完整",
            62: "证书与网址不符",
            64: "证书与网址不符",
        }
        return f"安全连接失败：{address.host} 的{reasons.get(error.verify_code, '证书不受信任')}"
    return f"安全连接失败：与 {address.host} 加密握手不成功"
