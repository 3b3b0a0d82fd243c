"""Security headers stand on every answer: pages, forms, files, refusals, failures; and what the policies allow."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from monitors.access import headers
from monitors.errors import StoreError
from monitors.store.engine import Store
from tests.gate_house import HTML, OWN, admit, client, cookie, guarded

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy(answer) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {part[0]: part[1:] for part in parts if part}


ANSWERS = (
    ("GET", "/duty", True, 200),
    ("GET", "/duty", False, 401),
    ("GET", "/login", False, 200),
    ("GET", "/login/style.css", False, 200),
    ("GET", "/login/emblem", False, 404),
    ("GET", "/setup", False, 410),
    ("GET", "/media/x", True, 404),
    ("GET", "/_stcore/metrics", True, 404),
    ("GET", "/broken", True, 500),
    ("POST", "/duty", True, 405),
    ("PUT", "/login", True, 405),
    ("POST", "/login", False, 401),
)


def test_every_answer_carries_the_headers(store):
    token, visitor = admit(store), client(guarded(store))
    form = {"name": "x", "password": "y"}
    for method, path, signed, status in ANSWERS:
        papers = OWN | (cookie(token) if signed else {})
        answer = visitor.request(method, path, data=form if method == "POST" else None, headers=papers)
        assert answer.status_code == status, (method, path)
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS, (method, path)
        assert policy(answer)["frame-ancestors"] == ["'none'"]
        assert "'unsafe-inline'" not in policy(answer).get("script-src", policy(answer)["default-src"])
        assert "strict-transport-security" not in answer.headers, "not under HTTP: it would lock the house"


def test_the_sign_in_pages_run_no_script(store):
    answer = client(guarded(store)).get("/login")
    assert policy(answer)["default-src"] == ["'none'"]
    assert "script-src" not in policy(answer)
    assert "<script" not in answer.text
    assert answer.headers["cache-control"] == "no-store, private"


def test_a_failure_shows_no_word_of_the_server(store, caplog):
    answer = client(guarded(store)).get("/broken", headers=cookie(admit(store)) | HTML)
    assert answer.status_code == 500
    assert "系统出错" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "a secret word" in caplog.text, "the log has it"


def test_a_database_that_does_not_answer_is_said_in_words(store, monkeypatch):
    token = admit(store)

    def dead(_self: Store) -> None:
        raise StoreError("数据库文件 /srv/data/monitors.db 不见了")

    with client(guarded(store)) as visitor:
        monkeypatch.setattr(Store, "read", dead)
        answer = visitor.get("/duty", headers=cookie(token))
        assert answer.status_code == 503
        assert "数据库暂时无法使用" in answer.text
        assert "/srv" not in answer.text, "an outsider learns no path"
        assert visitor.get("/login").status_code == 503


def test_streamlits_own_inline_scripts_are_allowed_by_their_digest():
    streamlit = pytest.importorskip("streamlit")
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    found = headers.script_hashes(page)
    assert page.count("<script>") == len(found) == 1
    inner = page.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in headers.pages_policy(found, "duty.example")


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("10.0.0.8:8501", True),
        ("[::1]:8501", True),
        ("duty.example", True),
        ("evil.example; script-src *", False),
        ("evil.example\r\nx: y", False),
        ("*", False),
        ("", False),
    ],
)
def test_a_hostile_host_writes_nothing_into_the_policy(host, written):
    policy = headers.pages_policy((), host)
    assert (f"ws://{host}" in policy) is written
    assert policy.count("script-src") == 1
