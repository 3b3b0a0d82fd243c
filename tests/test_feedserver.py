"""The loopback feed server keeps its promises, so that tests which lean on it prove something."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import feedparser
import pytest
from feedserver import FAULTS, FeedServer, bomb


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def ask(server: FeedServer, path: str, headers: dict[str, str] | None = None, timeout: float = 5.0):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def test_a_feed_grows_newest_first_and_answers_conditional_requests(server: FeedServer) -> None:
    feed = server.feed("/a.xml", title="甲")
    feed.append(title="旧 <闻> & 事", text="一")
    feed.append(title="新闻", text="二", published=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    status, headers, body = ask(server, "/a.xml")
    read = feedparser.parse(body)
    assert (status, read.feed.title) == (200, "甲")
    assert [entry.title for entry in read.entries] == ["新闻", "旧 <闻> & 事"]
    assert read.entries[0].published == "Fri, 02 Jan 2026 11:04:00 +0800"

    assert ask(server, "/a.xml", {"If-None-Match": headers["etag"]})[0] == 304
    assert ask(server, "/a.xml", {"If-Modified-Since": headers["last-modified"]})[0] == 304
    feed.append(title="又新")
    assert ask(server, "/a.xml", {"If-None-Match": headers["etag"]})[0] == 200
    assert server.count("/a.xml") == 4
    assert server.seen("/a.xml")[1].headers["if-none-match"] == headers["etag"]


def test_hundreds_of_paths_answer_at_once(server: FeedServer) -> None:
    for number in range(300):
        server.feed(f"/f{number}.xml").append(title=f"第{number}")
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: ask(server, f"/f{n}.xml"), range(300)))
    assert all(status == 200 and f"第{n}".encode() in body for n, (status, _, body) in enumerate(answers))


def test_unknown_paths_and_unknown_faults_are_errors(server: FeedServer) -> None:
    assert ask(server, "/nothing")[0] == 404
    with pytest.raises(ValueError, match="unknown fault"):
        server.fault("/a.xml", "gremlin")


@pytest.mark.parametrize(
    ("fault", "options", "status", "header"),
    [
        ("500", {}, 500, {}),
        ("status", {"status": 503, "retry_after": "7"}, 503, {"retry-after": "7"}),
        ("429", {}, 429, {"retry-after": "120"}),
        ("redirect", {"to": "http://10.0.0.1/"}, 302, {"location": "http://10.0.0.1/"}),
        ("redirect loop", {}, 302, {"location": "/f.xml"}),
        ("304", {}, 304, {}),
        ("login page", {}, 200, {"content-type": "text/html; charset=utf-8"}),
        ("empty", {}, 200, {"content-length": "0"}),
    ],
)
def test_faults_that_answer(server: FeedServer, fault: str, options: dict, status: int, header: dict) -> None:
    server.feed("/f.xml").append(title="在")
    server.fault("/f.xml", fault, **options)
    got, headers, _ = ask(server, "/f.xml")
    assert got == status
    assert header.items() <= headers.items()
    server.heal("/f.xml")
    assert ask(server, "/f.xml")[0] == 200


def test_wrong_charset_is_gb18030_under_a_header_that_lies(server: FeedServer) -> None:
    server.feed("/g.xml").append(title="彝良县农民工工资")
    server.fault("/g.xml", "wrong charset")
    _, headers, body = ask(server, "/g.xml")
    assert headers["content-type"] == "text/xml; charset=utf-8"
    assert "彝良县农民工工资" in body.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_bombs_inflate_to_what_they_promise(server: FeedServer) -> None:
    assert len(gzip.decompress(bomb(3))) == 3 << 20
    assert len(gzip.decompress(gzip.decompress(bomb(3, 2)))) == 3 << 20
    server.fault("/bomb", "gzip bomb", megabytes=4)
    _, headers, body = ask(server, "/bomb")
    assert headers["content-encoding"] == "gzip"
    assert len(body) < 64_000


@pytest.mark.parametrize("after", [0, 100])
def test_reset_breaks_the_connection(server: FeedServer, after: int) -> None:
    server.fault("/r", "reset", after=after)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask(server, "/r")


def test_truncated_ends_before_its_length(server: FeedServer) -> None:
    server.fault("/t", "truncated")
    with pytest.raises(http.client.IncompleteRead):
        ask(server, "/t")


@pytest.mark.parametrize("fault", ["drip", "hang", "endless"])
def test_long_faults_end_when_the_server_stops(fault: str) -> None:
    server = FeedServer().start()
    server.fault("/l", fault)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/l")
    if fault != "hang":
        assert connection.getresponse().read(2)
    else:
        connection.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.getresponse()
    started = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - started < 3
    connection.close()


def test_every_fault_is_covered_here() -> None:
    tested = {"drip", "hang", "endless", "reset", "truncated", "gzip bomb", "wrong charset", "500", "status", "429"}
    assert tested | {"redirect", "redirect loop", "304", "login page", "empty"} == set(FAULTS)
