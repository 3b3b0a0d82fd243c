"""A loopback server of feeds for tests: hundreds of paths on one port, each honest or with one fault.

    with FeedServer() as server:
        feed = server.feed("/city.xml")
        feed.append(title="……讨薪", text="……")          # or feed.append(entry=Entry(...))
        server.fault("/slow.xml", "drip")              # any of FAULTS
        server.count("/city.xml"), server.requests[-1].headers["if-none-match"]

Every path may also be served raw: ``server.body("/page.html", b"...", "text/html; charset=gbk")``.
A fault on the path of a feed wins while it lasts; ``server.heal(path)`` brings the feed back.
Long-lived faults (drip, endless, hang) end when the server stops, so a test never waits for them.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import socket
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from monitors.opinion.demo_feed import rss
from monitors.opinion.model import Entry

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One request as received; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    content_type: str = "application/rss+xml; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Feed:
    """One RSS feed that grows. Newest entry first, as real feeds have it. Safe to append from any thread."""

    def __init__(self, server: FeedServer, path: str, title: str, encoding: str, content_type: str) -> None:
        self._server, self.path, self.title = server, path, title
        self._encoding, self._content_type = encoding, content_type
        self._entries: list[Entry] = []
        self._lock = threading.Lock()
        self._changed_at = datetime.now(UTC)
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return self._server.url(self.path)

    @property
    def entries(self) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(self._entries)

    def append(
        self,
        entry: Entry | None = None,
        *,
        title: str = "",
        text: str = "",
        published: datetime | None = None,
        guid: str = "",
        url: str = "",
    ) -> Entry:
        """Publish one entry at the top of the feed and return it; what is not given is made up from its number."""
        if entry is None:
            number = next(self._numbers)
            link = url or self._server.url(f"{self.path}/article/{number}")
            entry = Entry(guid or link, title or f"第{number}条", link, text, published or datetime.now(UTC))
        with self._lock:
            self._entries.insert(0, entry)
            self._changed_at = datetime.now(UTC)
        return entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._changed_at = datetime.now(UTC)

    def reply(self) -> Reply:
        with self._lock:
            body = rss(self.title, self._server.url("/"), self._entries, encoding=self._encoding)
            changed = format_datetime(self._changed_at, usegmt=False).replace("+0000", "GMT")
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        return Reply(body, self._content_type, headers=(("ETag", tag), ("Last-Modified", changed)))


@dataclass
class _Fault:
    name: str
    options: dict[str, object] = field(default_factory=dict)


class FeedServer:
    """The server. ``port=0`` takes any free port; ``trusted`` is the network a guarded fetcher must be told of."""

    trusted = "127.0.0.0/8"

    def __init__(self, port: int = 0) -> None:
        self.stopping = threading.Event()
        self.requests: list[Request] = []
        self._counts: Counter[str] = Counter()
        self._feeds: dict[str, Feed] = {}
        self._replies: dict[str, Reply] = {}
        self._faults: dict[str, _Fault] = {}
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and cut what is still open; may be called twice."""
        self.stopping.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join(5)
        self._http.server_close()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def feed(
        self,
        path: str,
        *,
        title: str = "",
        encoding: str = "utf-8",
        content_type: str = "application/rss+xml; charset=utf-8",
    ) -> Feed:
        """The feed at ``path``, made on first asking. ``encoding`` gbk with the default type is a lying header."""
        with self._lock:
            if path not in self._feeds:
                self._feeds[path] = Feed(self, path, title or path.strip("/"), encoding, content_type)
            return self._feeds[path]

    def body(
        self,
        path: str,
        body: bytes,
        content_type: str = "text/html; charset=utf-8",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Serve ``body`` as it is at ``path``; returns its address."""
        with self._lock:
            self._replies[path] = Reply(body, content_type, status, tuple((headers or {}).items()))
        return self.url(path)

    def fault(self, path: str, name: str, **options: object) -> str:
        """Make ``path`` fail in the way ``name`` (a key of FAULTS) until ``heal``; returns its address."""
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}: {', '.join(sorted(FAULTS))}")
        with self._lock:
            self._faults[path] = _Fault(name, options)
        return self.url(path)

    def heal(self, path: str) -> None:
        with self._lock:
            self._faults.pop(path, None)

    def count(self, path: str) -> int:
        """How many requests ``path`` has had."""
        with self._lock:
            return self._counts[path]

    def seen(self, path: str) -> list[Request]:
        with self._lock:
            return [request for request in self.requests if request.path == path]

    def answer(self, request: Request) -> tuple[_Fault | None, Reply | None]:
        with self._lock:
            self.requests.append(request)
            self._counts[request.path] += 1
            fault = self._faults.get(request.path)
            feed = self._feeds.get(request.path)
            reply = self._replies.get(request.path)
        if reply is None and feed is not None:
            reply = feed.reply()
        return fault, reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    owner: FeedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is the point of many tests, not news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        path = self.path.split("?", 1)[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault, reply = self.server.owner.answer(Request(self.command, path, headers, self.rfile.read(length)))
        if fault is not None:
            FAULTS[fault.name](self, reply, **fault.options)
        elif reply is None:
            self.send(Reply("没有这个地址".encode(), "text/plain; charset=utf-8", 404))
        else:
            self.conditional(reply)

    def conditional(self, reply: Reply) -> None:
        """ETag first, as RFC 9110 13.1.3 has it; Last-Modified only where no ETag was sent."""
        validators = dict(reply.headers)
        etag, wanted = validators.get("ETag"), self.headers.get("if-none-match")
        since = self.headers.get("if-modified-since")
        same = wanted == etag if wanted else since is not None and since == validators.get("Last-Modified")
        if reply.status == 200 and etag and same:
            reply = Reply(b"", reply.content_type, 304, reply.headers)
        self.send(reply)

    def send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        if reply.status != 304:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def stream(self, chunks: Iterator[bytes], *, content_type: str = "application/rss+xml", **headers: str) -> None:
        """Send without a length and close at the end, as servers that do not know the length do."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for chunk in chunks:
            if self.server.owner.stopping.is_set():
                return
            self.wfile.write(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature is given
        """Quiet: the tests read ``server.requests``."""


# ── Faults: each gets the handler, the honest reply of the path (if any) and its own options ─────────────────────────


def _drip(handler: _Handler, reply: Reply | None, *, seconds: float = 1.0) -> None:
    """One byte every ``seconds``: no per-read time-out ever fires, only a total deadline ends it."""
    stopping = handler.server.owner.stopping

    def chunks() -> Iterator[bytes]:
        for byte in itertools.cycle(reply.body if reply and reply.body else b"<rss>"):
            yield bytes([byte])
            if stopping.wait(seconds):
                return

    handler.stream(chunks())


def _hang(handler: _Handler, reply: Reply | None) -> None:
    """Accept the request and never answer."""
    handler.server.owner.stopping.wait()
    handler.close_connection = True


def _abort(handler: _Handler) -> None:
    # SO_LINGER 0 turns the close into a TCP reset.
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def _reset(handler: _Handler, reply: Reply | None, *, after: int = 200) -> None:
    """Reset the connection after ``after`` bytes of the body (0: before any answer)."""
    if after:
        body = (reply.body if reply else b"") or b"<rss>" * 400
        handler.send_response(200)
        handler.send_header("Content-Type", "application/rss+xml")
        handler.send_header("Content-Length", str(len(body) + after))
        handler.end_headers()
        handler.wfile.write(body[:after])
    _abort(handler)


def _truncated(handler: _Handler, reply: Reply | None) -> None:
    """Promise the whole body, send half of it and close politely."""
    body = (reply.body if reply else b"") or b"<rss>" * 400
    handler.send_response(200)
    handler.send_header("Content-Type", "application/rss+xml")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def _status(handler: _Handler, reply: Reply | None, *, status: int = 500, retry_after: str = "") -> None:
    headers = (("Retry-After", retry_after),) if retry_after else ()
    handler.send(Reply(f"error {status}".encode(), "text/plain", status, headers))


def _too_many(handler: _Handler, reply: Reply | None, *, retry_after: str = "120") -> None:
    _status(handler, reply, status=429, retry_after=retry_after)


def _redirect(handler: _Handler, reply: Reply | None, *, to: str, status: int = 302) -> None:
    """Send the client to ``to``: another path, a private address, a file."""
    handler.send(Reply(b"", "text/plain", status, (("Location", to),)))


def _redirect_loop(handler: _Handler, reply: Reply | None) -> None:
    _redirect(handler, reply, to=handler.path)


def _gzip_bomb(handler: _Handler, reply: Reply | None, *, megabytes: int = 512, layers: int = 1) -> None:
    """``megabytes`` of spaces in a few kilobytes; ``layers`` 2 is gzip within gzip."""
    body = bomb(megabytes, layers)
    encoding = ", ".join(["gzip"] * layers)
    handler.send(Reply(body, "application/rss+xml", 200, (("Content-Encoding", encoding),)))


def _endless(handler: _Handler, reply: Reply | None) -> None:
    """A body that never ends, at full speed."""
    handler.stream(itertools.chain([b"<rss><channel>"], itertools.repeat(b"<!-- padding -->" * 4096)))


def _not_modified(handler: _Handler, reply: Reply | None) -> None:
    """304 to everybody, also to a client that asked without conditions."""
    handler.send(Reply(b"", "", 304))


def _login_page(handler: _Handler, reply: Reply | None) -> None:
    """200 with a sign-in page where a feed was expected."""
    page = '<!doctype html><html><title>请登录</title><body><form action="/login">验证码</form></body></html>'
    handler.send(Reply(page.encode(), "text/html; charset=utf-8"))


def _empty(handler: _Handler, reply: Reply | None) -> None:
    handler.send(Reply(b"", "application/rss+xml"))


def _wrong_charset(handler: _Handler, reply: Reply | None, *, encoding: str = "gb18030", says: str = "utf-8") -> None:
    """The honest feed in ``encoding``, its declaration removed, under a header that names ``says``."""
    text = (reply.body if reply else b"").decode("utf-8").replace(' encoding="utf-8"', "", 1)
    handler.send(Reply(text.encode(encoding), f"text/xml; charset={says}"))


FAULTS: dict[str, Callable[..., None]] = {
    "drip": _drip,
    "hang": _hang,
    "reset": _reset,
    "truncated": _truncated,
    "status": _status,
    "500": _status,
    "429": _too_many,
    "redirect": _redirect,
    "redirect loop": _redirect_loop,
    "gzip bomb": _gzip_bomb,
    "endless": _endless,
    "304": _not_modified,
    "login page": _login_page,
    "empty": _empty,
    "wrong charset": _wrong_charset,
}


def bomb(megabytes: int, layers: int = 1) -> bytes:
    """Spaces compressed with gzip ``layers`` times; built piecewise so that the test itself stays small."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * MEGABYTE
    body = b"".join([*(packer.compress(piece) for _ in range(megabytes)), packer.flush()])
    for _ in range(layers - 1):
        body = gzip.compress(body, 9, mtime=0)
    return body
