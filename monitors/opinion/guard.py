"""The network below the HTTP client: names are looked up once, checked, and connected to exactly as checked.

Checking a name first and letting the client look it up again would allow DNS rebinding; here the check and the
connection use the same answer. Every hop of every redirect comes through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from monitors.errors import FetchError
from monitors.opinion.addresses import IPAddress, IPNetwork, refusal

_MAX_LOOKUPS = 32  # threads that may hang in the resolver at once
_MAX_TRIES = 3  # addresses of one host tried before giving up
Lookup = Callable[[str], Sequence[IPAddress]]


def look_up(host: str) -> Sequence[IPAddress]:
    """All addresses of a host name by the system's resolver (blocking; raises OSError)."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ipaddress.ip_address(record[4][0]) for record in found))


class Resolver:
    """Looks names up in daemon threads: a hanging resolver costs a thread, never the watch's loop or its exit."""

    def __init__(self, seconds: float, lookup: Lookup = look_up) -> None:
        self._seconds = seconds
        self._lookup = lookup
        self._threads = threading.BoundedSemaphore(_MAX_LOOKUPS)

    async def addresses(self, host: str) -> Sequence[IPAddress]:
        """Every address of ``host``; an IP literal is its own. Raises FetchError in words."""
        try:
            return (ipaddress.ip_address(host),)
        except ValueError:
            pass
        if not self._threads.acquire(blocking=False):
            raise FetchError("域名解析繁忙：查询过多未返回，请检查本机 DNS", kind="temporary")
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._in_thread(host)
        except TimeoutError:
            raise FetchError(f"域名解析超时：{self._seconds:g} 秒内查不到 {host}", kind="temporary") from None
        except OSError as error:
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                raise FetchError(f"域名解析失败：暂时查不到 {host}，请检查本机 DNS", kind="temporary") from None
            found = ()
        if not found:
            raise FetchError(f"域名不存在：查不到 {host}", kind="hard")
        return found

    def _in_thread(self, host: str) -> asyncio.Future[Sequence[IPAddress]]:
        """Start one look-up; the future may be abandoned, the thread then ends on its own."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[IPAddress]] = loop.create_future()

        def settle(result: Sequence[IPAddress] | OSError) -> None:
            if answer.done():
                return
            if isinstance(result, OSError):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        def work() -> None:
            result: Sequence[IPAddress] | OSError
            try:
                result = self._lookup(host)
            except OSError as error:
                result = error
            except UnicodeError:  # a label the resolver's own IDNA code refuses
                result = socket.gaierror(socket.EAI_NONAME, "invalid name")
            finally:
                self._threads.release()
            with contextlib.suppress(RuntimeError):  # the loop closed while we waited: nobody is asking any more
                loop.call_soon_threadsafe(settle, result)

        threading.Thread(target=work, name=f"look-up {host[:40]}", daemon=True).start()
        return answer


class GuardedBackend(AsyncNetworkBackend):
    """httpcore's network, with the guard in front of every connection.

    Any refused address among a name's records refuses the name: a mixed answer is how rebinding starts.
    """

    def __init__(self, resolver: Resolver, trusted: Sequence[IPNetwork]) -> None:
        self._resolver = resolver
        self._trusted = trusted
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        host = host.strip("[]")  # httpcore passes IPv6 literals as they stand in the URL
        found = await self._resolver.addresses(host)
        for ip in found:
            why = refusal(ip, self._trusted)
            if why:
                where = str(ip) if str(ip) == host else f"{host} 指向 {ip}"
                raise FetchError(f"地址被拒绝：{where}（{why}）", kind="refused")
        candidates = found[:_MAX_TRIES]
        share = None if timeout is None else timeout / len(candidates)
        last: Exception | None = None
        for ip in candidates:
            try:
                stream = await self._network.connect_tcp(str(ip), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
                continue
            peer = stream.get_extra_info("server_addr")
            if peer is None or ipaddress.ip_address(str(peer[0]).partition("%")[0]) != ip:
                await stream.aclose()
                raise FetchError(f"地址被拒绝：{host} 实际连到了别处", kind="refused")
            return stream
        if last is None:  # unreachable: the resolver never answers with nothing
            raise FetchError(f"域名不存在：查不到 {host}", kind="hard")
        raise last

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the base class's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the base class's signature
    ) -> AsyncNetworkStream:
        raise FetchError(f"地址被拒绝：本机套接字 {path}", kind="refused")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@lru_cache(maxsize=1)
def default_tls() -> ssl.SSLContext:
    """The system's certificates (where an operator adds a government root) plus the shipped public ones."""
    import certifi  # noqa: PLC0415 - 300 kB read only where a fetcher is made

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context
