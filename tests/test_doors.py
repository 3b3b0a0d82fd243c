"""Signing in, setting up, changing the password, signing out, as a browser does it; and what each form refuses."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from monitors.access import accounts, sessions, setup
from monitors.access.doors import safe_next
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.access_house import GOOD, SETTINGS, person, quick_hashing, trail
from tests.gate_house import HTML, OWN, SITE, client, clock_now, cookie, guarded, set_cookie, with_session

NEXT = "/search?q=%E5%B7%A5%E5%9C%B0"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quick_hashing(monkeypatch)


def sign_in(visitor, name="li", password=GOOD, next_="/", **headers):
    form = {"name": name, "password": password, "next": next_}
    return visitor.post("/login", data=form, headers=OWN | headers)


def text(answer) -> str:
    return re.sub(r"<[^>]*>", " ", answer.text)


def test_a_browser_is_led_to_sign_in_and_back_to_where_it_was_going(store):
    person(store)
    with client(guarded(store)) as visitor:
        away = visitor.get(NEXT, headers=HTML)
        assert away.status_code == 303
        page = visitor.get(away.headers["location"])
        assert page.status_code == 200
        assert SETTINGS.site.name in page.text
        assert SETTINGS.site.office in page.text
        hidden = re.search(r'name="next" value="([^"]*)"', page.text).group(1)
        answer = sign_in(visitor, next_=hidden)
        assert (answer.status_code, answer.headers["location"]) == (303, NEXT)
        inside = visitor.get(NEXT)
        assert (inside.status_code, inside.json()["name"]) == (200, "li")
        again = visitor.get("/login?next=" + quote(NEXT, safe=""))
        assert (again.status_code, again.headers["location"]) == (303, NEXT), "signed in already"


def test_the_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(store):
    person(store)
    with client(guarded(store)) as visitor:
        first, second = set_cookie(sign_in(visitor)), set_cookie(sign_in(visitor))
    assert first != second, "a new token at every sign-in"
    words = {word.strip().lower() for word in first.split(";")[1:]}
    assert words == {"httponly", "samesite=lax", "path=/", f"max-age={SETTINGS.session.absolute_hours * 3600}"}


@pytest.mark.parametrize(
    ("settings", "peer", "proto", "secure"),
    [
        (with_session(https_only=True), "10.20.0.7", "", True),
        (SETTINGS, "127.0.0.1", "https", True),
        (SETTINGS, "10.20.0.7", "https", False),  # not a proxy of ours: its word counts for nothing
        (SETTINGS, "127.0.0.1", "http", False),
    ],
)
def test_the_cookie_is_secure_under_https(store, settings, peer, proto, secure):
    person(store)
    visitor = client(guarded(store, settings))
    visitor._transport.client = (peer, 40000)
    believed = secure and proto == "https"
    headers = {"X-Forwarded-Proto": proto} | ({"Origin": SITE.replace("http:", "https:")} if believed else {})
    answer = sign_in(visitor, **headers)
    assert answer.status_code == 303
    assert ("; secure" in set_cookie(answer).lower()) is secure
    assert ("strict-transport-security" in answer.headers) is believed


def test_a_wrong_password_says_so_and_too_many_say_how_long(store):
    person(store)
    with client(guarded(store)) as visitor:
        answers = [sign_in(visitor, password="wrong", name='li"><script>') for _ in range(2)]
        assert {one.status_code for one in answers} == {401}
        assert "登录名或密码不正确" in text(answers[0])
        assert "<script>" not in answers[0].text
        assert set_cookie(answers[0]) == ""
        locked = [sign_in(visitor, password="wrong") for _ in range(SETTINGS.password.lock_after + 1)][-1]
        assert locked.status_code == 429
        wait = int(locked.headers["retry-after"])
        assert 0 < wait <= SETTINGS.password.lock_seconds
        assert f"{wait} 秒" in text(locked)
        assert sign_in(visitor).status_code == 429, "the right one waits as well"


def test_signing_out_ends_the_sign_in_and_a_kept_cookie_is_no_use(store):
    person(store)
    with client(guarded(store)) as visitor:
        token = set_cookie(sign_in(visitor)).split(";")[0].partition("=")[2]
        assert visitor.get("/duty").status_code == 200
        out = visitor.post("/logout", headers=OWN)
        assert (out.status_code, out.headers["location"]) == (303, "/login?out=1")
        assert sessions.COOKIE not in visitor.cookies
        assert "已退出登录" in text(visitor.get("/login?out=1"))
        assert "登录已结束" in text(visitor.get("/login?ended=1&next=%2Fsearch"))
        assert 'role="status"' not in text(visitor.get("/login"))
        assert visitor.get("/duty", headers=cookie(token)).status_code == 401, "noticed at once"
    assert [row["action"] for row in trail(store)][-1] == "session.sign_out"


def test_the_next_shift_signing_in_over_the_last_one_ends_it(store):
    person(store)
    person(store, "wang")
    with client(guarded(store)) as visitor:
        former = set_cookie(sign_in(visitor)).split(";")[0].partition("=")[2]
        assert sign_in(visitor, "wang").status_code == 303
        assert visitor.get("/duty").json()["name"] == "wang"
    with store.read() as connection:
        assert sessions.find(connection, former, settings=SETTINGS, now=clock_now()) is None


def test_who_must_change_the_password_gets_nowhere_else_first(store):
    person(store, must_change=True)
    with client(guarded(store)) as visitor:
        answer = sign_in(visitor, next_=NEXT)
        assert answer.headers["location"] == "/password?next=" + quote(NEXT, safe="")
        assert visitor.get("/duty", headers=HTML).headers["location"] == "/password?next=%2Fduty"
        assert visitor.get("/static/main.js").status_code == 403
        page = visitor.get("/password")
        assert "修改初始密码" in text(page)
        assert 'value="li" autocomplete="username" readonly hidden' in page.text, "password managers find the entry"
        form = {"old": GOOD, "new": "Dianchi-Hai-2027", "again": "Dianchi-Hai-2028", "next": NEXT}
        assert "不一致" in text(visitor.post("/password", data=form, headers=OWN))
        weak = visitor.post("/password", data=form | {"new": "li", "again": "li"}, headers=OWN)
        assert weak.status_code == 422
        assert "<li>密码至少" in weak.text, "several broken rules are a list"
        done = visitor.post("/password", data=form | {"again": form["new"]}, headers=OWN)
        assert (done.status_code, done.headers["location"]) == (303, NEXT)
        assert visitor.get("/duty").status_code == 200, "and the very next request passes"


def test_a_changed_password_ends_the_other_sign_ins_and_the_old_one(store):
    person(store)
    app = guarded(store)
    with client(app) as here, client(app) as there:
        sign_in(here)
        sign_in(there)
        assert "修改密码" in text(here.get("/password?next=%2Fsearch"))
        form = {"old": GOOD, "new": "Dianchi-Hai-2027", "again": "Dianchi-Hai-2027"}
        wrong = here.post("/password", data=form | {"old": "wrong"}, headers=OWN)
        assert wrong.status_code == 422
        assert "密码已修改" in text(here.post("/password", data=form, headers=OWN))
        assert here.get("/duty").status_code == 200
        assert sign_in(there, password=GOOD).status_code == 401
    assert [row["outcome"] for row in trail(store) if row["action"] == "password.change"] == ["失败", "成功"]


def test_the_password_page_is_for_people_signed_in(store):
    with client(guarded(store)) as visitor:
        assert visitor.get("/password", headers=HTML).headers["location"] == "/login?next=%2Fpassword"
        form = {"old": GOOD, "new": "x", "again": "x"}
        assert visitor.post("/password", data=form, headers=OWN).status_code == 401


def test_the_first_start_makes_the_administrator_once(store):
    link = setup.offer(store, settings=SETTINGS, now=clock_now())
    form = {"token": link, "name": "guanli", "display": "李主任", "new": GOOD, "again": GOOD}
    with client(guarded(store)) as visitor:
        assert "系统尚未设置管理员" in text(visitor.get("/login"))
        assert "系统尚未设置管理员" in text(visitor.get("/setup"))
        assert "设置第一位省级管理员" in text(visitor.get("/setup", params={"token": link}))
        forged = visitor.post("/setup", data=form | {"token": "forged"}, headers=OWN)
        assert forged.status_code == 422
        assert "链接无效" in text(forged)
        unequal = visitor.post("/setup", data=form | {"again": "else"}, headers=OWN)
        assert "不一致" in text(unequal)
        assert 'value="李主任"' in unequal.text, "what was typed is kept"
        assert GOOD not in unequal.text, "but no password"
        done = visitor.post("/setup", data=form, headers=OWN)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert visitor.get("/").json()["name"] == "guanli"
        again = visitor.post("/setup", data=form | {"name": "zaici"}, headers=OWN)
        assert again.status_code == 410
        assert visitor.get("/setup", params={"token": link}).status_code == 410
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.account)) == 1
        assert accounts.by_name(connection, "guanli").role is Role.ADMINISTRATOR


def test_forms_from_elsewhere_too_large_or_of_another_kind_are_refused(store):
    person(store)
    form = {"name": "li", "password": GOOD}
    with client(guarded(store)) as visitor:
        for origin in (
            {},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": f"{SITE}.evil.example"},
            {"Origin": "https://duty.example"},
            {"Origin": f"{SITE}:8080"},
            {"Referer": "http://evil.example/?http://duty.example"},
        ):
            assert visitor.post("/login", data=form, headers=origin).status_code == 403, origin
        assert visitor.post("/login", data=form, headers={"Referer": f"{SITE}/login"}).status_code == 303
        large = visitor.post("/login", data=form | {"name": "x" * 9000}, headers=OWN)
        assert large.status_code == 413
        chunks = (b"x" * 1000 for _ in range(20))
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert visitor.post("/login", content=chunks, headers=OWN | kind).status_code == 413, "without a length"
        assert visitor.post("/login", json=form, headers=OWN).status_code == 415
        many = {f"f{number}": "x" for number in range(20)}
        assert visitor.post("/login", data=many, headers=OWN).status_code == 400
        assert visitor.post("/login", content=b"name=%ff\xff", headers=OWN | kind).status_code == 400
        assert visitor.get("/logout").headers["location"] == "/"
        assert visitor.get("/duty").status_code == 200, "a link signs nobody out"


@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=1", "javascript:alert(1)", "evil.example", "", None, "/login", "/login/?next=/", "/logout",
        "/setup?token=x", "/password", "/sso/login", "/ 空格", "/\x00", "/\u2028", "/" + "x" * 3000,
    ],
)  # fmt: skip
def test_next_leads_nowhere_but_into_this_site(value):
    assert safe_next(value) == "/"


@pytest.mark.parametrize("value", ["/", "/duty", NEXT, "/?story=12", "/search?q=https://example.com/a"])
def test_next_keeps_our_own_addresses(value):
    assert safe_next(value) == value


def test_a_hostile_next_in_the_link_and_in_the_form(store):
    person(store)
    with client(guarded(store)) as visitor:
        page = visitor.get("/login", params={"next": "//evil.example"})
        assert "evil.example" not in page.text
        assert sign_in(visitor, next_="//evil.example").headers["location"] == "/"
        assert visitor.get("/login", params={"next": "//evil.example"}).headers["location"] == "/"


def test_the_emblem_is_shown_where_there_is_one(store, tmp_path):
    picture = tmp_path / "emblem.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = SETTINGS.model_copy(update={"site": SETTINGS.site.model_copy(update={"emblem": str(picture)})})
    person(store)
    with client(guarded(store)) as visitor:
        assert "/login/emblem" not in visitor.get("/login").text
        assert visitor.get("/login/emblem").status_code == 404
    with client(guarded(store, settings)) as visitor:
        assert 'src="/login/emblem"' in visitor.get("/login").text
        assert visitor.get("/login/emblem").headers["content-type"] == "image/png"
    gone = SETTINGS.model_copy(update={"site": SETTINGS.site.model_copy(update={"emblem": str(tmp_path / "no.png")})})
    with client(guarded(store, gone)) as visitor:
        assert visitor.get("/login/emblem").status_code == 404, "a missing picture stops nobody"


def test_single_sign_on_is_offered_where_the_office_has_it(store):
    person(store)
    settings = SETTINGS.model_copy(update={"sso": SETTINGS.sso.model_copy(update={"enabled": True})})
    with client(guarded(store)) as visitor:
        assert "/sso/login" not in visitor.get("/login").text
        assert visitor.get("/sso/login", headers=HTML).status_code == 303, "nothing is behind it: not an open door"
    with client(guarded(store, settings)) as visitor:
        page = visitor.get("/login", params={"next": "/search?q=a&b"})
        assert 'href="/sso/login?next=%2Fsearch%3Fq%3Da%26b"' in page.text
        assert visitor.get("/sso/login", headers=HTML).status_code == 200, "an open door now"
