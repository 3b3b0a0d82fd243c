"""The way to a receiver (连接): looked up once, checked, connected to exactly as checked, trusted by its certificate.

Which receiver is the administrator's own choice, the office's intranet included. Refused are only the addresses where
no receiver is: link-local networks and the clouds' metadata services, which give anybody on the machine its keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import certifi
import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from monitors.errors import MonitorsError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_MAX_TRIES = 3  # addresses of one host tried before giving up
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("169.254.0.0/16", "fe80::/10"),
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128"),  # metadata of clouds
        *("224.0.0.0/4", "ff00::/8", "255.255.255.255/32"),  # everybody is nobody
    )
)


class UnreachableError(MonitorsError):
    """The receiver cannot be reached. ``permanent``: not by trying again either."""

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        super().__init__(words)
        self.permanent = permanent


def refused(ip: IPAddress) -> bool:
    """Whether nothing is ever sent there; an IPv4 address in IPv6 clothes is judged by itself."""
    inner = (ip.ipv4_mapped or ip.sixtofour or _translated(ip)) if isinstance(ip, ipaddress.IPv6Address) else None
    return any(one in network for one in (ip, inner) if one is not None for network in _REFUSED)


def _translated(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator (NAT64, RFC 6052) makes of ``64:ff9b::/96``."""
    return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _TRANSLATED else None


def checked(host: str, found: Sequence[IPAddress]) -> tuple[IPAddress, ...]:
    """The first addresses of ``host``, if none of all of them is refused. Raises UnreachableError."""
    if not found:
        raise UnreachableError(f"域名不存在：查不到 {host}")
    if any(refused(ip) for ip in found):
        raise UnreachableError(f"地址被拒绝：{host} 指向链路本地或云元数据地址", permanent=True)
    return tuple(found[:_MAX_TRIES])


def look_up(host: str) -> tuple[IPAddress, ...]:
    """Every address of ``host`` by the system's resolver; blocking. Empty where there is none."""
    with contextlib.suppress(ValueError):
        return (ipaddress.ip_address(host),)
    try:
        records = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in records))


async def addresses(host: str) -> tuple[IPAddress, ...]:
    """``look_up`` in a thread of its own: a resolver that hangs costs that thread, not the loop nor its exit."""
    with contextlib.suppress(ValueError):
        return (ipaddress.ip_address(host),)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[IPAddress, ...]] = loop.create_future()

    def settle(found: tuple[IPAddress, ...]) -> None:
        if not answer.done():
            answer.set_result(found)

    def work() -> None:
        found = look_up(host)
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is asking any more
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=work, name="notify look-up", daemon=True).start()
    return await answer


class Network(AsyncNetworkBackend):
    """httpcore's network with ``checked`` before every connection. Raises UnreachableError."""

    def __init__(self) -> None:
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        host = host.strip("[]")
        last: Exception | None = None
        for ip in checked(host, await addresses(host)):
            try:
                return await self._network.connect_tcp(str(ip), port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last or UnreachableError(f"连接失败：无法连上 {host}")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the base class's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> AsyncNetworkStream:
        raise UnreachableError("地址被拒绝：本机套接字", permanent=True)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@lru_cache(maxsize=32)
def tls(ca: str) -> ssl.SSLContext:
    """The system's certificates, the shipped public ones, and the channel's own (PEM)."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


def why(error: BaseException, host: str, port: int) -> str:
    """Why the connection did not come about, in words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            known = {
                9: "证书尚未生效，请核对本机时间",
                10: "证书已过期",
                62: "证书与主机名不符",
                64: "证书与主机名不符",
            }
            return (
                f"安全连接失败：{host} 的{known.get(cause.verify_code, '证书不受信任，内网证书请在渠道中填写根证书')}"
            )
        if isinstance(cause, ssl.SSLError):
            return f"安全连接失败：与 {host}:{port} 加密握手不成功，请核对加密方式和端口"
        if isinstance(cause, ConnectionRefusedError):
            return f"连接被拒：{host} 的端口 {port} 没有服务"
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return f"连接中断：{host} 没有应答完就断开了"
        cause = cause.__cause__ or cause.__context__
    return f"连接失败：无法连上 {host}:{port}（网络不通或对方拒绝）"
