"""A loopback web server that misbehaves on request; each path is one fault. Threads, so that a drip blocks nobody."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import os
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

GOOD = b"<rss version='2.0'><channel><title>t</title><item><title>x</title></item></channel></rss>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        self.server.seen.append(("POST", self.path, dict(self.headers), self.rfile.read(size)))
        self._send(200, GOOD)

    def do_GET(self) -> None:
        self.server.seen.append(("GET", self.path, {k.lower(): v for k, v in self.headers.items()}, b""))
        self.server.times.append(time.monotonic())
        name, _, argument = urllib.parse.unquote(self.path).lstrip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"fault_{name}", self.fault_good)(argument)

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fault_good(self, _: str) -> None:
        self._send(200, GOOD, Content_Type="application/rss+xml", ETag='"one"')

    def fault_status(self, argument: str) -> None:
        status, _, retry = argument.partition("/")
        self._send(int(status), b"", **({"Retry_After": retry.replace("_", " ")} if retry else {}))

    def fault_drip(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        for _number in range(200):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def fault_reset(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # close() would wait for the handler's own files

    def fault_short(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)
        self.close_connection = True

    def fault_garbage(self, _: str) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")
        self.close_connection = True

    def fault_endless(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 65536)

    def fault_loop(self, argument: str) -> None:
        self._send(302, Location=f"/loop/{int(argument or 0) + 1}")

    def fault_to(self, argument: str) -> None:
        self._send(302, Location=argument.replace("|", "/"))

    def fault_cookie(self, _: str) -> None:
        if "pass=yes" in self.headers.get("cookie", ""):
            self._send(200, GOOD)
        else:
            self._send(302, Location="/cookie", Set_Cookie="pass=yes; path=/")

    def fault_conditional(self, _: str) -> None:
        if self.headers.get("if-none-match") == '"one"':
            self._send(304)
        else:
            self.fault_good("")

    def fault_encoded(self, argument: str) -> None:
        self._send(200, bomb(argument), Content_Encoding=argument)


@lru_cache(maxsize=8)
def bomb(encoding: str, megabytes: int = 100) -> bytes:
    """``megabytes`` of zeros, packed into kilobytes."""
    import brotli

    zeros = b"\0" * 1_048_576
    if encoding == "br":
        packer = brotli.Compressor(quality=5)
        return b"".join(packer.process(zeros) for _ in range(megabytes)) + packer.finish()
    if encoding == "deflate":
        deflate = zlib.compressobj(9)
        return b"".join(deflate.compress(zeros) for _ in range(megabytes)) + deflate.flush()
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    once = b"".join(packed.compress(zeros) for _ in range(megabytes)) + packed.flush()
    return gzip.compress(once) if "," in encoding else once


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.times: list[float] = []
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
