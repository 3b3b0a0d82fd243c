"""The files of docs/ an office runs the product with: nginx in front of the real server over HTTPS, the systemd units.

nginx is started with docs/nginx.conf itself; only names, ports and paths are put in.
"""

from __future__ import annotations

import gzip
import http.server
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from websockets.exceptions import InvalidStatus

from monitors.access import sessions
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.access_house import GOOD, person
from tests.site_house import ROOT, SCRAPER, Guarded, Site, emptied, served
from tests.test_gate import HTML, Tab, cookie

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
UNITS = ROOT / "docs" / "systemd"
NAME = "localhost"  # what the certificate and docs/nginx.conf's place-holder become
SETUP_TOKEN = "one-time-link-0123456789"
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for ``localhost``, signed by itself, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "tls.pem", folder / "tls.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    secret.write_bytes(key.private_bytes(*private))
    return chain, secret


class Front:
    """nginx with docs/nginx.conf, before whatever listens on ``upstream``."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self.folder = folder
        self.chain, secret = certificate(folder)
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://{NAME}:{self.port}"
        text = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
        for pattern, put in (
            (r"server 127\.0\.0\.1:8501;", f"server 127.0.0.1:{upstream};"),
            (r"listen 80\b", f"listen 127.0.0.1:{self.plain_port}"),
            (r"listen 443\b", f"listen 127.0.0.1:{self.port}"),
            (r"/etc/nginx/tls/duty\.example\.gov\.cn\.pem", str(self.chain)),
            (r"/etc/nginx/tls/duty\.example\.gov\.cn\.key", str(secret)),
            (r"\bduty\.example\.gov\.cn\b", NAME),
            (r"/var/log/nginx/", f"{folder}/"),
        ):
            text, count = re.subn(pattern, put, text)
            assert count, f"docs/nginx.conf no longer holds {pattern}"
        (folder / "monitors.conf").write_text(text, encoding="utf-8")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        # As Debian's own nginx.conf round conf.d, but in a folder of ours.
        (folder / "nginx.conf").write_text(
            ("user root;\n" if os.getuid() == 0 else "")
            + f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;\n"
            + "events { worker_connections 512; }\nhttp {\n"
            + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
            + f"include {folder}/monitors.conf;\n}}\n",
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        begun = [str(NGINX), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        checked = subprocess.run([*begun, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "[warn]" not in checked.stderr.replace('the "user" directive', ""), checked.stderr
        self.process = subprocess.Popen(begun, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail("nginx did not start: " + self.logs())

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def client(self) -> httpx.Client:
        trusting = ssl.create_default_context(cafile=str(self.chain))
        return httpx.Client(base_url=self.url, verify=trusting, trust_env=False, timeout=30)


@dataclass
class Recorder:
    """Stands where the page server would and writes down what reached it."""

    port: int
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    kept = Recorder(0)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kept.seen.append({name.lower(): value for name, value in self.headers.items()})
            body = b"x" * 4096
            self.send_response(200)
            self.send_header("Content-Type", "application/javascript")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield kept
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Guarded]:
    with served(Guarded(tmp_path_factory.mktemp("behind"))) as opened:
        yield opened


@pytest.fixture
def site(running: Guarded) -> Iterator[Guarded]:
    with emptied(running) as opened:
        yield opened


@pytest.fixture
def fronted(tmp_path, monkeypatch) -> Iterator[Callable[[int], Front]]:
    """``fronted(port)``: nginx before that port; its certificate is trusted by WebSockets of this test too."""
    begun: list[Front] = []

    def start(upstream: int) -> Front:
        front = Front(tmp_path, upstream)
        monkeypatch.setenv("SSL_CERT_FILE", str(front.chain))
        front.start()
        begun.append(front)
        return front

    yield start
    for front in begun:
        front.stop()


@pytest.fixture
def front(site: Site, fronted: Callable[[int], Front]) -> Front:
    return fronted(site.port)


def sign_in(front: Front, client: httpx.Client, name: str = "li", **headers: str) -> httpx.Response:
    named = {"Origin": front.url} | headers
    return client.post("/login", data={"name": name, "password": GOOD}, headers=named)


def status_of(front: Front, head: str) -> int:
    """The answer to a request whose body never comes: it was decided by its head alone."""
    trusting = ssl.create_default_context(cafile=str(front.chain))
    with (
        socket.create_connection(("127.0.0.1", front.port), timeout=20) as raw,
        trusting.wrap_socket(raw, server_hostname=NAME) as secured,
    ):
        secured.sendall(head.encode() + b"\r\n\r\n")
        return int(secured.recv(64).split()[1])


# ── the way in ───────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_nginx
def test_somebody_signs_in_over_https_and_out_again(site, front):
    person(site.store, role=Role.ADMINISTRATOR, region="530000")
    with front.client() as client:
        turned = client.get("/", headers=HTML)
        assert (turned.status_code, turned.headers["location"]) == (303, "/login")
        form = client.get("/login")
        assert form.status_code == 200
        assert form.headers["strict-transport-security"].startswith("max-age=31536000")
        assert "nginx/" not in form.headers.get("server", "")

        entered = sign_in(front, client)
        assert entered.status_code == 303, entered.text
        attributes = {part.strip().lower() for part in entered.headers["set-cookie"].split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax"} <= attributes
        assert client.get("/", headers=HTML).status_code == 200
        assert client.get("/_stcore/host-config").status_code == 200

        left = client.post("/logout", headers={"Origin": front.url})
        assert left.status_code == 303
        assert client.get("/_stcore/host-config").status_code == 401


@needs_nginx
def test_plain_http_is_sent_to_https_and_another_name_is_not_served(front):
    sent = httpx.get(f"http://{NAME}:{front.plain_port}/search?q=1", trust_env=False)
    assert (sent.status_code, sent.headers["location"]) == (308, f"https://{NAME}/search?q=1")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{front.plain_port}/", headers={"Host": "evil.example"}, trust_env=False)
    trusting = ssl.create_default_context(cafile=str(front.chain))
    with socket.create_connection(("127.0.0.1", front.port)) as raw, pytest.raises(ssl.SSLError):
        trusting.wrap_socket(raw, server_hostname="evil.example")


@needs_nginx
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(front, version):
    old = ssl.create_default_context(cafile=str(front.chain))
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", front.port)) as raw:  # the same context gets in with what is offered
        assert old.wrap_socket(raw, server_hostname=NAME).version() == "TLSv1.3"
    old.maximum_version = version
    with socket.create_connection(("127.0.0.1", front.port)) as raw, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw, server_hostname=NAME)


@needs_nginx
def test_the_page_runs_over_its_websocket_and_only_for_whoever_is_signed_in(site, front):
    tab = Tab(front, site.sign_in())
    assert len(tab.run()) > 1000
    tab.close()
    for token, origin in (("", front.url), (site.sign_in(), "https://evil.example")):
        with pytest.raises(InvalidStatus) as refused:
            Tab(front, token, origin=origin)
        assert refused.value.response.status_code == 403
    # A page opened over HTTPS may not be spoken to by one of the same name over HTTP.
    with pytest.raises(InvalidStatus):
        Tab(front, site.sign_in(), origin=front.url.replace("https", "http"))


# ── what a visitor claims ────────────────────────────────────────────────────────────────────────────────────────────

CLAIMS = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "80",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "X-Monitors-Account": "1",
    "X-Monitors-Session": "abcdefabcdef",
}


@needs_nginx
def test_what_a_visitor_claims_of_himself_never_reaches_the_server(recorder, fronted):
    front = fronted(recorder.port)
    with front.client() as client:
        for path in ("/", "/login", "/static/app.js", "/_stcore/stream", "/_stcore/upload_file/a/b", "/media/x"):
            assert client.get(path, headers=CLAIMS).status_code == 200
            seen = recorder.seen.pop()
            about = {name: value for name, value in seen.items() if name.startswith("x-") or name == "forwarded"}
            assert about == {
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "https",
                "x-forwarded-host": f"{NAME}:{front.port}",
            }, path
            assert seen["host"] == f"{NAME}:{front.port}"


@needs_nginx
def test_the_address_in_the_records_is_nginxs_word_not_the_visitors(site, front):
    person(site.store)
    with front.client() as client:
        assert sign_in(front, client, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 303
    with site.store.read() as connection:
        assert list(connection.scalars(select(t.session.c.address))) == ["127.0.0.1"]
    # Without nginx the claim would have been believed: this machine is a trusted proxy. Hence the server's own address.
    claimed = {"X-Forwarded-For": "203.0.113.9", "Origin": site.url}
    assert httpx.post(f"{site.url}/login", data={"name": "li", "password": GOOD}, headers=claimed).status_code == 303
    with site.store.read() as connection:
        assert "203.0.113.9" in set(connection.scalars(select(t.session.c.address)))
    with front.client() as client:
        account = {"X-Monitors-Account": "1", "X-Monitors-Session": "abcdefabcdef"}
        assert client.get("/_stcore/host-config", headers=account).status_code == 401


@needs_nginx
def test_metrics_are_not_for_outside_even_with_the_token(site, front):
    bearer = {"Authorization": f"Bearer {SCRAPER}"}
    assert httpx.get(f"{site.url}/metrics", headers=bearer).status_code == 200
    with front.client() as client:
        assert client.get("/healthz").status_code in (200, 503)
    held = f"Host: {NAME}\r\nAuthorization: {bearer['Authorization']}\r\nCookie: {sessions.COOKIE}={site.sign_in()}"
    for path in ("/metrics", "/metrics?x=1", "/%6detrics", "//metrics", "/static/../metrics", "/static/%2e%2e/metrics"):
        assert status_of(front, f"GET {path} HTTP/1.1\r\n{held}") == 403, path
    assert status_of(front, f"GET /_stcore/metrics HTTP/1.1\r\n{held}") == 404


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_nginx
def test_bodies_too_large_are_refused_before_they_are_read(front):
    head = f"Host: {NAME}:{front.port}\r\nOrigin: {front.url}\r\nContent-Length: "
    assert status_of(front, f"PUT /_stcore/upload_file/a/b HTTP/1.1\r\n{head}{23 * 1024 * 1024}") == 413
    assert status_of(front, f"POST /login HTTP/1.1\r\n{head}{100 * 1024}") == 413


@needs_nginx
def test_a_file_of_the_size_the_page_promises_passes(site, front):
    body = b"x" * (20 * 1024 * 1024)
    with front.client() as client:
        sent = client.put(
            "/_stcore/upload_file/nobody/x",
            files={"file": ("a.xlsx", body)},
            headers={"Origin": front.url} | cookie(site.sign_in()),
        )
    assert (sent.status_code, sent.text) == (404, "没有这个文件，或它不是给您的。\n")  # the gate's word, not nginx's


@needs_nginx
def test_a_flood_of_sign_ins_is_stopped_while_pages_still_load(site, front):
    token = site.sign_in()
    with front.client() as client:
        # From another site: the gate refuses at once, so that only the flood is measured.
        statuses = [client.post("/login", headers={"Origin": "https://evil.example"}).status_code for _ in range(120)]
        assert set(statuses) == {403, 429}
        assert statuses[:60] == [403] * 60
        assert client.get("/login").status_code == 200
        assert client.get("/", headers=HTML | cookie(token)).status_code == 200
    assert len(Tab(front, token).run()) > 1000


@needs_nginx
def test_a_first_visit_by_ten_colleagues_of_one_address_is_no_flood(recorder, fronted):
    front = fronted(recorder.port)
    with front.client() as client:
        assert {client.get(f"/static/js/{number}.js").status_code for number in range(1000)} == {200}


@needs_nginx
def test_scripts_travel_compressed_and_pages_do_not(recorder, fronted):
    front = fronted(recorder.port)
    with front.client() as client:
        for path, coding in (("/static/js/app.js", "gzip"), ("/", None)):
            with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
                body = b"".join(answer.iter_raw())
            assert answer.headers.get("content-encoding") == coding
            assert (gzip.decompress(body) if coding else body) == b"x" * 4096


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@needs_nginx
def test_no_log_holds_what_would_let_somebody_in(site, front):
    token = site.sign_in()
    session = "0a1b2c3d-session-of-a-page"
    with front.client() as client:
        client.get("/setup", params={"token": SETUP_TOKEN})
        client.get("/search", params={"q": "secret-query"}, headers=HTML | cookie(token))
        client.get("/login", headers={"Referer": f"{front.url}/setup?token={SETUP_TOKEN}"})
        client.put(f"/_stcore/upload_file/{session}/f", headers={"Origin": front.url} | cookie(token))
        client.get("/media/0123456789abcdef.xlsx", headers=cookie(token))
        for _ in range(90):
            client.post("/login", params={"token": SETUP_TOKEN}, headers={"Origin": "https://evil.example"})
    assert status_of(
        front,
        f"PUT /_stcore/upload_file/{session}/g HTTP/1.1\r\nHost: {NAME}:{front.port}\r\nContent-Length: 99999999",
    ) == 413  # fmt: skip
    site.kill()  # nginx complains of a server that is gone, in the error log
    try:
        with front.client() as client:
            assert client.get("/setup", params={"token": SETUP_TOKEN}).status_code == 502
    finally:
        site.start()
    logs = front.logs()
    assert '"GET /setup" 502' in logs
    assert '"PUT /_stcore/upload_file/-" 413' in logs
    assert '"POST /login" 429' in logs
    for secret in (SETUP_TOKEN, token, sessions.token_hash(token), session, "secret-query", "0123456789abcdef.xlsx"):
        assert secret not in logs


# ── systemd ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def units(folder: Path) -> list[Path]:
    """The units as on a server whose /opt/monitors is this very project."""
    for path in sorted(UNITS.iterdir()):
        placed = path.read_text(encoding="utf-8").replace("/opt/monitors", str(ROOT))
        (folder / path.name).write_text(placed, encoding="utf-8")
    return sorted(folder.iterdir())


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze on this machine")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def test_the_units_are_what_systemd_understands(tmp_path):
    found = units(tmp_path)
    assert {path.suffix for path in found} == {".service", ".timer"}
    done = analyze("verify", *map(str, found))
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "monitors" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_units_leave_a_broken_in_service_little(tmp_path):
    if "--offline" not in analyze("--help").stdout:
        pytest.skip("this systemd-analyze cannot look at files")
    for path in units(tmp_path):
        if path.suffix == ".service":
            # Tenths: 100 is a service that may do everything; at 20 systemd calls it well kept.
            done = analyze("security", "--offline=true", "--threshold=20", str(path))
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["monitors.service", "monitors-watch@.service", "monitors-backup.service"])
def test_secrets_come_from_files_beside_the_data(name):
    text = (UNITS / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert "EnvironmentFile=-/etc/monitors/environment" in lines
    assert "Environment=MONITORS_KEY_FILE=/etc/monitors/secret.key" in lines
    assert "ProtectSystem=strict" in lines
    for secret in ("DATABASE_URL=", "MONITORS_KEY=", "MONITORS_SSO_SECRET=", "MONITORS_METRICS_TOKEN="):
        assert not any(secret in line for line in lines)
