"""Receivers on loopback that take messages, or fail in every way: HTTP (each path is one fault) and SMTP."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Got:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append(Got(parts.path, query, headers, body))
        name, _, argument = unquote(parts.path).lstrip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"way_{name}")(argument)

    def do_GET(self) -> None:
        self.server.got.append(Got(self.path, {}, {}, b"GET"))
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def way_said(self, argument: str) -> None:
        """200 and this JSON."""
        self.answer(200, argument.encode(), Content_Type="application/json")

    def way_no(self, argument: str) -> None:
        """418 and these words."""
        self.answer(418, argument.encode())

    def way_status(self, argument: str) -> None:
        status, _, retry = argument.partition("/")
        self.answer(int(status), b'{"errmsg":"so it is"}', **({"Retry_After": retry} if retry else {}))

    def way_text(self, _: str) -> None:
        self.answer(200, "<html>请先登录</html>".encode())

    def way_redirect(self, _: str) -> None:
        self.answer(302, b"", Location="/said/{}")

    def way_huge(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.closing.is_set():
            self.wfile.write(b" " * 65_536)

    def way_hang(self, _: str) -> None:
        self.server.closing.wait(30)

    def way_drip(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.closing.wait(0.02):
            self.wfile.write(b" ")

    def way_reset(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"{")
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def way_close(self, _: str) -> None:
        self.close_connection = True

    def way_garbage(self, _: str) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")
        self.close_connection = True


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[Got] = []
        self.closing = threading.Event()
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    server = Receiver(tls)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
class Post:
    """What an SMTP server does with mail: ``replies`` for DATA one after the other, then 250; ``refuse`` by mailbox."""

    def __init__(self, *replies: str, refuse: dict[str, str] | None = None) -> None:
        self.replies = list(replies)
        self.refuse = refuse or {}
        self.got: list[Any] = []
        self.to: list[list[str]] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - as above
        if self.replies:
            return self.replies.pop(0)
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK queued"


@contextlib.contextmanager
def mail_server(post: Post, **options: Any) -> Iterator[int]:
    """The port it listens on. ``password``: sign-in is asked for."""
    password = options.pop("password", None)
    if password:

        def check(_server, _session, _envelope, _mechanism, given):
            fits = isinstance(given, LoginPassword) and given.password == password.encode()
            return AuthResult(success=fits, handled=fits)

        # aiosmtpd warns of passwords in the open; that a server offers it is what some of the tests are about.
        options |= {"authenticator": check, "auth_required": True}
        options.setdefault("auth_require_tls", False)
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextlib.contextmanager
def silent_port(drip: bytes = b"", greeting: bytes = b"") -> Iterator[int]:
    """A port that is answered by nobody, or by a byte now and then that never makes a line."""
    over = threading.Event()
    door = socket.create_server(("127.0.0.1", 0))

    def talk(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.sendall(greeting)
            while not over.wait(0.02):
                line.sendall(drip)

    def work() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(door.accept()[0],), daemon=True).start()

    threading.Thread(target=work, daemon=True).start()
    try:
        yield door.getsockname()[1]
    finally:
        over.set()
        door.close()


# ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────
def certified(folder: Path, *names: str, days: int = 1) -> tuple[ssl.SSLContext, str]:
    """A server's context with a certificate for ``names`` (hosts or addresses), and the root (PEM) that signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback test")])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = []
    for one in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(one)))
        except ValueError:
            alternatives.append(x509.DNSName(one))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = folder / f"server-{days}-{len(names)}-{names[0]}.pem"
    both.write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, pem.decode()
