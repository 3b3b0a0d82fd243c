"""Faults 1–13 of the reliability plan against a misbehaving loopback server: bounded, classified, told in words."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fault_server
import pytest

from monitors import settings
from monitors.errors import FetchError
from monitors.opinion.fetch import Fetcher, read_retry_after
from monitors.opinion.guard import Resolver
from monitors.opinion.manners import Manners
from monitors.opinion.model import Response

LIMITS = settings.Fetch(
    deadline_seconds=1.0,
    connect_seconds=0.5,
    max_body_bytes=8_388_608,
    max_redirects=5,
    host_gap_seconds=0.3,
    article_limit=5,
    user_agent="test",
    trusted_networks=("127.0.0.0/8",),
)
PATIENT = LIMITS.model_copy(update={"deadline_seconds": 15.0, "connect_seconds": 10.0})
STRANGERS = LIMITS.model_copy(update={"trusted_networks": ()})


@pytest.fixture(scope="module")
def server() -> Iterator[fault_server.Server]:
    for encoding in ("gzip", "deflate", "br", "gzip,gzip", "zstd"):
        fault_server.bomb(encoding)  # made before the clock of a test runs
    with fault_server.running() as running:
        yield running


def fetch(url: str, limits: settings.Fetch = LIMITS, **ask: Any) -> Response:
    async def run() -> Response:
        async with Fetcher(limits) as fetcher:
            return await fetcher.fetch(url, **ask)

    return asyncio.run(run())


def failure(url: str, limits: settings.Fetch = LIMITS, **ask: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(url, limits, **ask)
    return caught.value


def test_a_good_answer(server: fault_server.Server) -> None:
    response = fetch(f"{server.url}/good")
    assert (response.status, response.body) == (200, fault_server.GOOD)
    assert response.content_type == "application/rss+xml"
    assert response.headers["etag"] == '"one"'
    assert response.fetched_at.tzinfo is not None
    assert 0 < response.elapsed_seconds < 1


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("drip", "temporary", "读取超时"),  # fault 1
        ("reset", "temporary", "连接中断"),  # fault 2
        ("short", "temporary", "连接中断"),
        ("garbage", "soft", "应答不合规"),
        ("status/500", "soft", "500"),  # fault 3
        ("status/502", "soft", "502"),
        ("status/503", "temporary", "503"),
        ("status/404", "hard", "404（页面不存在）"),
        ("status/403", "hard", "403"),
        ("status/429", "temporary", "429"),
        ("status/304", "soft", "304"),
        ("loop", "soft", "跳转过多"),  # fault 5
        ("to/", "soft", "没有说跳到哪里"),
        ("to/file:||etc|passwd", "refused", "地址被拒绝"),  # fault 6
        ("to/http:||10.0.0.1|", "refused", "内网"),
        ("to/http:||169.254.169.254|latest", "refused", "云元数据"),
        ("to/http:||u:p@127.0.0.1|", "refused", "用户名"),
        ("encoded/gzip", "soft", "内容过大"),  # fault 9
        ("encoded/deflate", "soft", "内容过大"),
        ("encoded/br", "soft", "内容过大"),
        ("encoded/gzip,gzip", "soft", "压缩方式不认识"),
        ("encoded/zstd", "soft", "压缩方式不认识"),
        ("endless", "soft", "内容过大"),  # fault 10
    ],
)
def test_faults_are_bounded_and_classified(server: fault_server.Server, path: str, kind: str, words: str) -> None:
    # Only the server that never ends needs the short deadline; the others must not meet it on a busy machine.
    started = time.monotonic()
    error = failure(f"{server.url}/{path}", LIMITS if path == "drip" else PATIENT)
    assert time.monotonic() - started < PATIENT.deadline_seconds
    assert (error.kind, words in str(error)) == (kind, True), f"{error.kind}: {error}"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 1800.0),
        ("Wed, 21 Oct 2020 07:28:00 GMT", 0.0),
        ("315360000", 86400.0),
        ("9" * 12, 86400.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 86400.0),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_read_and_clamped(value: str, seconds: float | None) -> None:  # fault 4
    now = datetime(2026, 10, 21, 7, 0, tzinfo=UTC)
    assert read_retry_after(value, now, cap=86400.0) == seconds


def test_retry_after_reaches_the_caller(server: fault_server.Server) -> None:
    error = failure(f"{server.url}/status/429/120")
    assert (error.status, error.retry_after) == (429, 120.0)


def test_retry_after_holds_the_whole_host(server: fault_server.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> FetchError:
        async with Fetcher(LIMITS) as fetcher:

            async def stranger(_address: object) -> bool:
                return False

            monkeypatch.setattr(fetcher, "_is_own", stranger)
            with pytest.raises(FetchError):
                await fetcher.fetch(f"{server.url}/status/503/60")
            asked = len(server.seen)
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(f"{server.url}/good")
            assert len(server.seen) == asked
            return caught.value

    error = asyncio.run(run())
    assert error.kind == "temporary"
    assert error.retry_after is not None
    assert 55 < error.retry_after <= 60


def test_conditions_are_sent_and_304_answered(server: fault_server.Server) -> None:
    assert fetch(f"{server.url}/conditional", etag='"one"').not_modified
    assert fetch(f"{server.url}/conditional", etag='"two"').status == 200
    fetch(f"{server.url}/good", last_modified="Wed, 21 Oct 2020 07:28:00 GMT")
    assert server.seen[-1][2]["if-modified-since"] == "Wed, 21 Oct 2020 07:28:00 GMT"


def test_post_and_own_headers(server: fault_server.Server) -> None:
    fetch(f"{server.url}/search", method="POST", body='{"key":"欠薪"}', headers=(("Referer", "http://x.example/讨薪"),))
    method, _, headers, body = server.seen[-1]
    assert (method, body) == ("POST", '{"key":"欠薪"}'.encode())
    lower = {key.lower(): value for key, value in headers.items()}
    assert lower["content-type"] == "application/json"
    assert lower["referer"] == "http://x.example/%E8%AE%A8%E8%96%AA"


def test_headers_cannot_be_split(server: fault_server.Server) -> None:
    assert failure(f"{server.url}/good", headers=(("X-A", "b\r\nHost: c"),)).kind == "refused"


def test_a_sources_headers_and_cookies_stay_with_its_host(server: fault_server.Server) -> None:
    port = server.server_address[1]
    fetch(f"{server.url}/to/http:||localhost:{port}|good", headers=(("Authorization", "secret"), ("Cookie", "a=b")))
    method, path, headers, _ = server.seen[-1]
    assert (method, path) == ("GET", "/good")
    assert "authorization" not in headers
    assert "cookie" not in headers


def test_a_cookie_asked_for_on_the_way_is_shown_again(server: fault_server.Server) -> None:
    assert fetch(f"{server.url}/cookie").status == 200


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://[::1]/", "http://localhost:18199/", "http://127.0.0.1/"])
def test_private_addresses_are_refused(url: str) -> None:
    error = failure(url, STRANGERS)
    assert error.kind == "refused"
    assert "地址被拒绝" in str(error)


def test_a_name_with_one_private_record_is_refused_and_the_checked_address_is_used(
    server: fault_server.Server,
) -> None:  # fault 7
    port = server.server_address[1]
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"]])

    def rebinding(_host: str) -> list[Any]:
        return [ipaddress.ip_address(text) for text in next(answers)]

    async def run() -> list[str]:
        outcomes = []
        limits = LIMITS.model_copy(update={"host_gap_seconds": 0.0})
        async with Fetcher(limits, resolver=Resolver(1.0, rebinding)) as fetcher:
            fetcher._own["rebind.example"] = True
            for path in ("status/404", "good", "good"):
                fetcher._pool._connections.clear()
                try:
                    await fetcher.fetch(f"http://rebind.example:{port}/{path}")
                except FetchError as error:
                    outcomes.append(str(error))
        return outcomes

    first, second, third = asyncio.run(run())
    assert "404" in first
    assert "内网" in second
    assert "内网" in third


def test_names_that_do_not_resolve_and_resolvers_that_hang() -> None:
    def missing(_host: str) -> list[Any]:
        raise OSError

    def hanging(_host: str) -> list[Any]:
        time.sleep(2)
        return []

    async def run(lookup: Any) -> FetchError:
        async with Fetcher(STRANGERS, resolver=Resolver(0.2, lookup)) as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch("http://nowhere.example/")
            return caught.value

    assert (asyncio.run(run(missing)).kind, "域名不存在" in str(asyncio.run(run(missing)))) == ("hard", True)
    error = asyncio.run(run(hanging))
    assert (error.kind, "域名解析超时" in str(error)) == ("temporary", True)


def test_a_closed_port_is_told_apart() -> None:
    error = failure("http://127.0.0.1:18198/")
    assert error.kind == "temporary"
    assert "连接被拒" in str(error)


def test_strangers_are_asked_one_at_a_time_with_a_pause(
    server: fault_server.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> float:
        async with Fetcher(LIMITS) as fetcher:

            async def stranger(_address: object) -> bool:
                return False

            monkeypatch.setattr(fetcher, "_is_own", stranger)
            server.times.clear()
            # Five pauses take longer than the deadline: waiting for a turn does not count towards it.
            responses = await asyncio.gather(*(fetcher.fetch(f"{server.url}/good") for _ in range(5)))
            return sum(response.elapsed_seconds for response in responses)

    talking = asyncio.run(run())
    pauses = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert len(pauses) == 4
    assert min(pauses) >= 0.28
    assert talking < 1


def test_own_hosts_are_asked_at_once(server: fault_server.Server) -> None:
    async def run() -> None:
        async with Fetcher(PATIENT.model_copy(update={"host_gap_seconds": 30.0})) as fetcher:
            await asyncio.gather(*(fetcher.fetch(f"{server.url}/good") for _ in range(60)))

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started < 30  # one gap of a stranger's host


def test_manners_let_go_after_a_failure() -> None:
    async def run() -> None:
        manners = Manners(0.0)
        with pytest.raises(RuntimeError):
            async with manners.visit("h", own=False):
                raise RuntimeError
        async with asyncio.timeout(1), manners.visit("h", own=False):
            pass

    asyncio.run(run())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, and certificates it signed: a good one for localhost, one for another name, one that expired."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run(*new, "-x509", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=test root", "-days", "30")
    for name, host, days in (("good", "localhost", "30"), ("other", "other.example", "30"), ("old", "localhost", "-1")):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        run(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        dates = ("-days", days) if days != "-1" else ("-days", "-1")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-extfile", f"{name}.ext", *dates)  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("name", "trusting", "words"),
    [
        ("good", True, ""),
        ("good", False, "不受信任"),
        ("other", True, "证书与网址不符"),
        ("old", True, "证书已过期"),
    ],
)
def test_certificates_are_checked(certificates: Path, name: str, trusting: bool, words: str) -> None:  # fault 11
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    trusted = ssl.create_default_context(cafile=certificates / "root.pem") if trusting else None

    async def run(url: str) -> Response:
        async with Fetcher(LIMITS, tls=trusted) as fetcher:
            return await fetcher.fetch(url)

    with fault_server.running(serving) as server:
        url = f"https://localhost:{server.server_address[1]}/good"
        if not words:
            assert asyncio.run(run(url)).status == 200
            with pytest.raises(FetchError, match="不加密"):
                asyncio.run(run(url.replace("/good", "/to/http:||localhost|")))
            return
        with pytest.raises(FetchError) as caught:
            asyncio.run(run(url))
        assert caught.value.kind == "hard"
        assert words in str(caught.value)


def test_bombs_stay_within_64_megabytes(server: fault_server.Server) -> None:  # fault 9
    script = f"""
import asyncio, resource
from monitors import settings
from monitors.errors import FetchError
from monitors.opinion.fetch import Fetcher
limits = settings.Fetch(**{LIMITS.model_dump()!r} | {{"deadline_seconds": 10.0}})
async def run():
    async with Fetcher(limits) as fetcher:
        await fetcher.fetch("{server.url}/good")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for path in ("gzip", "deflate", "br", "gzip,gzip"):
            try:
                await fetcher.fetch("{server.url}/encoded/" + path)
                raise SystemExit("not refused")
            except FetchError:
                pass
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
asyncio.run(run())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=settings.ROOT)
    assert int(done.stdout) < 64 * 1024
