"""Single sign-on against a real provider on loopback: the way through, and every way it may be tricked."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from monitors.access import accounts, provider, sessions, sso
from monitors.access.actor import console
from monitors.access.roles import Role
from monitors.store import tables as t
from tests.access_house import GOOD, everything_written, person, quick_hashing, read, trail
from tests.gate_house import HTML, OWN, SITE, client, clock_now, cookie, guarded, set_cookie
from tests.sso_house import (
    CLERK,
    SECRET_WORD,
    agreed,
    hs256,
    opened,
    settings_for,
    through,
    to_provider,
    unpadded,
)

DEAD = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running():
    with opened() as found:
        yield found


@pytest.fixture
def office(running, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, DEAD)  # whoever listened to the environment would get nowhere
    running.reset()
    running.knows("u-1", **CLERK)
    return running


class House:
    """The product before its gate, with the provider's routes."""

    def __init__(self, store, office, *, secret=SECRET_WORD, **changes):
        self.store, self.office = store, office
        self.settings = settings_for(**{"issuer": office.issuer} | changes)
        self.shift = timedelta(0)
        routes = sso.routes(store, self.settings, now=self.now, environ={sso.SECRET: secret} if secret else {})
        self.app = guarded(store, self.settings, routes=routes)

    def now(self):
        return clock_now() + self.shift

    def visitor(self):
        return client(self.app)

    def signed(self, visitor):
        token = visitor.cookies.get(sessions.COOKIE, "")
        with self.store.read() as connection:
            return sessions.find(connection, token, settings=self.settings, now=clock_now())

    def sessions(self):
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(t.session))


@pytest.fixture
def house(store, office):
    person(store, "boss", role=Role.ADMINISTRATOR, region="530000")
    return House(store, office)


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    quick_hashing(monkeypatch)


def signing_rows(store):
    rows = [row for row in trail(store) if row["action"] == "session.sign_in"]
    return [(row["outcome"], row["actor"], json.loads(row["after"])) for row in rows]


def refused(house, answer, status, says):
    """Told so on the sign-in page, let in nowhere."""
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert 'action="/login"' in answer.text, "the other way in stays open"
    assert not set_cookie(answer)
    assert house.sessions() == 0


# ── the way through ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_through_the_provider_and_in_under_the_right_name_role_and_place(house, office):
    with house.visitor() as visitor:
        address, asked = to_provider(visitor, "/sso/login?next=%2Fsearch%3Fq%3D%E5%B7%A5%E8%B5%84")
        assert (asked["redirect_uri"], asked["response_type"]) == (f"{SITE}/sso/callback", "code")
        assert (asked["client_id"], asked["scope"]) == ("duty-board", "openid profile")
        back = agreed(address, "u-1")
        assert visitor.cookies.get(sso.COOKIE)
        answer = visitor.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=%E5%B7%A5%E8%B5%84")
        assert "HttpOnly" in set_cookie(answer)
        assert not visitor.cookies.get(sso.COOKIE), "used up"
        signed = house.signed(visitor)
        assert visitor.get("/duty", headers=HTML).json()["name"] == "wang.fang"
    assert (signed.display, signed.actor.role, signed.actor.region) == ("王芳", Role.COUNTY_CLERK, "530102")
    assert not signed.must_change
    (form,) = office.forms
    proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (asked["code_challenge_method"], asked["code_challenge"]) == ("S256", proof)
    assert form["authorization"] == "Basic " + base64.b64encode(f"duty-board:{SECRET_WORD}".encode()).decode()
    assert [row["action"] for row in trail(house.store)] == ["account.manage", "session.sign_in"]
    assert signing_rows(house.store) == [("成功", "wang.fang", {"way": "统一身份认证"})]
    written = everything_written(house.store)
    secrets = (SECRET_WORD, form["code"], form["code_verifier"], asked["state"], asked["nonce"], *office.tokens)
    assert not [one for one in secrets if one in written]


def test_what_goes_along_is_for_the_way_back_only_and_unreadable(house):
    with house.visitor() as visitor:
        said = visitor.get("/sso/login?next=/search").headers["set-cookie"]
        _, asked = to_provider(visitor)
    assert said.startswith(f"{sso.COOKIE}=")
    for attribute in ("HttpOnly", "Max-Age=600", "Path=/sso/", "SameSite=lax"):
        assert attribute in said
    assert "Secure" not in said, "this house speaks http"
    body = visitor.cookies.get(sso.COOKIE).encode()
    assert not [word for word in (b"search", asked["state"].encode()) if word in base64.urlsafe_b64decode(body)]


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sso/login", "/login?next=/x"]
)
def test_it_leads_to_no_other_site(house, next_):
    with house.visitor() as visitor:
        began = visitor.get("/sso/login", params={"next": next_})
        assert began.headers["location"].startswith(house.office.issuer)
        assert "prompt=login" in began.headers["location"], "the next person at a shared computer is asked too"
        answer = visitor.get(agreed(began.headers["location"], "u-1"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_an_address_too_long_to_go_along_leads_to_the_first_page(house):
    with house.visitor() as visitor:
        answer = through(visitor, "u-1", "/sso/login?next=/search?q=" + "x" * 1800)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("methods", "secret", "basic", "inside"),
    [
        (["client_secret_post"], SECRET_WORD, False, True),
        (["client_secret_post", "client_secret_basic"], SECRET_WORD, True, False),
        (["none"], "", False, False),
    ],
)
def test_the_secret_is_shown_the_way_the_provider_takes_it(house, office, monkeypatch, methods, secret, basic, inside):
    from oidc_provider_mock import _app

    monkeypatch.setattr(_app.AuthorizationCodeGrant, "TOKEN_ENDPOINT_AUTH_METHODS", methods)
    office.describes = {"token_endpoint_auth_methods_supported": methods}
    with House(house.store, office, secret=secret).visitor() as visitor:
        assert through(visitor, "u-1").headers["location"] == "/"
    (form,) = office.forms
    assert form["authorization"].startswith("Basic ") is basic
    assert ("client_secret" in form) is inside
    assert basic or form["client_id"] == "duty-board"


def test_behind_a_proxy_the_way_back_is_the_visitors_address(house):
    from starlette.testclient import TestClient

    proxied = TestClient(house.app, base_url="http://inside:8501", follow_redirects=False, client=("127.0.0.1", 40000))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "duty.yn.example", "X-Forwarded-For": "10.20.0.9"}
    answer = proxied.get("/sso/login", headers=headers)
    assert "redirect_uri=https%3A%2F%2Fduty.yn.example%2Fsso%2Fcallback" in answer.headers["location"]
    assert "Secure" in answer.headers["set-cookie"]
    with house.visitor() as stranger:  # no proxy of ours: its word counts for nothing
        said = stranger.get("/sso/login", headers=headers).headers["location"]
        assert "redirect_uri=http%3A%2F%2Fduty.example%2Fsso%2Fcallback" in said
        for host in ("evil.example/x", "a@b", "a b"):
            assert stranger.get("/sso/login", headers={"Host": host}).status_code == 400


def test_the_provider_is_asked_about_itself_once_a_minute(house, office):
    with house.visitor() as visitor:
        for _ in range(3):
            to_provider(visitor)
        assert (office.hits["/.well-known/openid-configuration"], office.hits["/jwks"]) == (1, 1)
        house.shift = timedelta(seconds=61)
        to_provider(visitor)
        assert (office.hits["/.well-known/openid-configuration"], office.hits["/jwks"]) == (2, 2)


def test_changed_keys_of_the_provider_are_followed(house, office):
    with house.visitor() as visitor:
        assert through(visitor, "u-1").headers["location"] == "/"
    office.own_keys()
    with house.visitor() as visitor:
        assert through(visitor, "u-1").headers["location"] == "/"


def test_before_the_first_administrator_nobody_comes_in_this_way(store, office):
    with House(store, office).visitor() as visitor:
        answer = visitor.get("/sso/login")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert not office.hits


def test_who_is_signed_in_already_goes_on_and_a_new_sign_in_ends_the_former(house, office):
    office.knows("u-2", **CLERK | {"preferred_username": "zhao", "name": "赵六"})
    with house.visitor() as visitor:
        back = agreed(to_provider(visitor)[0], "u-2")
        pending = visitor.cookies.get(sso.COOKIE)
        through(visitor, "u-1")
        first = visitor.cookies.get(sessions.COOKIE)
        answer = visitor.get("/sso/login?next=/search")
        assert (answer.status_code, answer.headers["location"]) == (303, "/search")
        visitor.cookies.set(sso.COOKIE, pending, domain="duty.example", path="/sso/")
        assert visitor.get(back).headers["location"] == "/"
        assert house.signed(visitor).actor.name == "zhao"
    with house.store.read() as connection:
        assert sessions.find(connection, first, settings=house.settings, now=clock_now()) is None


# ── answers nobody waits for ────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_without_its_question_opens_nothing(house, office):
    with house.visitor() as visitor:
        back = agreed(to_provider(visitor)[0], "u-1")
        with house.visitor() as other:
            refused(house, other.get(back), 400, "请重新登录")  # another browser: the code was stolen, or planted
            to_provider(other)
            refused(house, other.get(back), 400, "请重新登录")
            refused(house, other.get("/sso/callback"), 400, "请重新登录")
            other.cookies.set(sso.COOKIE, "forged", domain="duty.example", path="/sso/")
            refused(house, other.get(back), 400, "请重新登录")
        assert not office.forms, "the code was not even tried"
        assert visitor.get(back).headers["location"] == "/", "whoever asked still comes in"


def test_an_answer_counts_once(house, office):
    with house.visitor() as visitor:
        back = agreed(to_provider(visitor)[0], "u-1")
        pending = visitor.cookies.get(sso.COOKIE)
        visitor.get(back)
        assert visitor.get(back).headers["location"] == "/", "loaded again while signed in: on to the page"
    with house.visitor() as thief:
        thief.cookies.set(sso.COOKIE, pending, domain="duty.example", path="/sso/")
        assert thief.get(back).status_code == 400
        assert not house.signed(thief)
    assert len(office.forms) == 1


def test_after_ten_minutes_the_answer_comes_too_late(house):
    with house.visitor() as visitor:
        back = agreed(to_provider(visitor)[0], "u-1")
        house.shift = timedelta(minutes=10, seconds=2)
        refused(house, visitor.get(back), 400, "登录已超时")


def test_a_person_who_says_no_at_the_provider_is_told_so(house):
    with house.visitor() as visitor:
        _, asked = to_provider(visitor)
        answer = visitor.get("/sso/callback", params={"error": "access_denied"})
        refused(house, answer, 400, "您已在统一身份认证中取消登录")
        answer = visitor.get("/sso/callback", params={"error": "access_denied", "state": asked["state"]})
        refused(house, answer, 401, "您已在统一身份认证中取消登录")
    assert [row[:2] for row in signing_rows(house.store)] == [("失败", "（未知）")]


def test_made_up_codes_shut_their_address_out_in_the_end(house):
    with house.visitor() as visitor:
        for _ in range(20):
            _, asked = to_provider(visitor)
            answer = visitor.get("/sso/callback", params={"code": "guess", "state": asked["state"]})
            refused(house, answer, 401, "未能确认您的身份")
        _, asked = to_provider(visitor)
        answer = visitor.get("/sso/callback", params={"code": "guess", "state": asked["state"]})
        refused(house, answer, 429, "登录失败次数过多")
        assert int(answer.headers["retry-after"]) > 0
    assert len(signing_rows(house.store)) == 20


# ── tokens that are not what they say ───────────────────────────────────────────────────────────────────────────────


def _unsigned(token):
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


LIES = {
    "an old nonce": {"bend": lambda c: c.update(nonce="of-another-sign-in")},
    "no nonce": {"bend": lambda c: c.pop("nonce")},
    "for another system": {"bend": lambda c: c.update(aud="payroll")},
    "for several, ours among them, made for another": {"bend": lambda c: c.update(aud=["duty-board", "x"], azp="x")},
    "of another provider": {"bend": lambda c: c.update(iss="http://127.0.0.1:1")},
    "no issuer": {"bend": lambda c: c.pop("iss")},
    "run out": {"bend": lambda c: c.update(exp=int(time.time()) - 120)},
    "never running out": {"bend": lambda c: c.pop("exp")},
    "of tomorrow": {"bend": lambda c: c.update(iat=int(time.time()) + 86_400)},
    "for another access token": {"bend": lambda c: c.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA")},
    "about nobody": {"bend": lambda c: c.pop("sub")},
    "times in words": {"bend": lambda c: c.update(exp="soon")},
    "unsigned": {"bend_token": _unsigned},
    "no token": {"bend_token": lambda _token: "a.b.c"},
    "empty": {"bend_token": lambda _token: ""},
    "changed after signing": {"bend_token": lambda token: token[:-8] + ("A" * 8)},
}

SAID = {
    "an old nonce": "内容不符（nonce）",
    "no nonce": "缺少必需的内容（nonce）",
    "for another system": "内容不符（aud）",
    "for several, ours among them, made for another": "内容不符（azp）",
    "of another provider": "内容不符（iss）",
    "no issuer": "缺少必需的内容（iss）",
    "run out": "已过期（exp）",
    "never running out": "缺少必需的内容（exp）",
    "of tomorrow": "内容不符（iat）",
    "for another access token": "内容不符（at_hash）",
    "about nobody": "缺少必需的内容（sub）",
    "times in words": "内容不符（exp）",
    "changed after signing": "签名不符",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_lets_nobody_in(house, office, lie):
    office.own_keys()
    for name, bent in LIES[lie].items():
        setattr(office, name, bent)
    with house.visitor() as visitor:
        refused(house, through(visitor, "u-1"), 401, "未能确认您的身份")
    ((outcome, who, after),) = signing_rows(house.store)
    assert (outcome, who, after["way"]) == ("失败", "（未知）", "统一身份认证")
    assert SAID.get(lie, "不是所要求的格式或签名方式") in after["why"]
    assert not [token for token in office.tokens if token and token in everything_written(house.store)]
    with house.store.read() as connection:
        assert accounts.by_name(connection, "wang.fang") is None


def test_a_token_signed_by_somebody_else_lets_nobody_in(house, office):
    honest = office.own_keys()
    forger = type(honest).import_key(type(honest).generate_key(2048).as_dict(private=True) | {"kid": honest.kid})
    office.signer = forger
    with house.visitor() as visitor:
        refused(house, through(visitor, "u-1"), 401, "未能确认您的身份")
    public = honest.as_pem(private=False)
    for word in (public, SECRET_WORD.encode()):
        office.bend_token = lambda token, word=word: hs256(json.loads(unpadded(token.split(".")[1])), word)
        with house.visitor() as visitor:
            refused(house, through(visitor, "u-1"), 401, "未能确认您的身份")
    assert len(signing_rows(house.store)) == 3


def test_userinfo_fills_in_what_the_token_leaves_out_for_the_same_person_only(house, office):
    office.own_keys()
    office.bend = lambda claims: [claims.pop(name) for name in CLERK if name != "name"]
    office.bend_userinfo = lambda claims: claims.update(name="别名")
    with house.visitor() as visitor:
        assert through(visitor, "u-1").headers["location"] == "/"
        signed = house.signed(visitor)
    assert (signed.display, signed.actor.role) == ("王芳", Role.COUNTY_CLERK), "the signed word goes first"
    office.bend_userinfo = lambda claims: claims.update(sub="u-2")
    with house.visitor() as visitor:
        answer = through(visitor, "u-1")
        assert (answer.status_code, bool(set_cookie(answer))) == (401, False)


def test_userinfo_is_left_alone_where_the_token_says_everything(house, office):
    with house.visitor() as visitor:
        through(visitor, "u-1")
    assert not office.hits["/userinfo"]


# ── a provider that is not there ────────────────────────────────────────────────────────────────────────────────────

DOWN = "统一身份认证暂时无法连接，请稍后再试或使用本系统账号登录"


def test_without_the_provider_one_signs_in_as_ever_and_it_is_found_again(house, office):
    li = person(house.store, "li")
    office.down = ("/",)
    with house.visitor() as visitor:
        refused(house, visitor.get("/sso/login?next=/search"), 503, DOWN)
        assert 'value="/search"' in visitor.get("/sso/login?next=/search").text
        form = {"name": li.name, "password": GOOD, "next": "/search"}
        assert visitor.post("/login", data=form, headers=OWN).headers["location"] == "/search"
    office.down = ()
    with house.visitor() as visitor:
        assert through(visitor, "u-1").headers["location"] == "/"


@pytest.mark.parametrize("part", ["/jwks", "/oauth2/token", "/userinfo"])
def test_a_provider_that_fails_halfway_is_down_and_blames_nobody(house, office, part):
    office.own_keys()
    office.bend = lambda claims: claims.pop("region")
    with house.visitor() as visitor:
        address, _ = to_provider(visitor)
        back = agreed(address, "u-1")
        if part == "/jwks":
            office.signer = office.signer.generate_key(2048, auto_kid=True)
        office.down = (part,)
        refused(house, visitor.get(back), 503, DOWN)
    assert signing_rows(house.store) == []


@pytest.mark.parametrize(
    "describes",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"issuer": None},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "/jwks"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(house, office, describes):
    office.describes = describes
    with house.visitor() as visitor:
        refused(house, visitor.get("/sso/login"), 503, DOWN)


def test_a_provider_that_does_not_listen_or_keeps_silent_is_down(house, office, monkeypatch):
    with House(house.store, office, issuer=DEAD).visitor() as visitor:
        refused(house, visitor.get("/sso/login"), 503, DOWN)
    monkeypatch.setattr(provider, "DEADLINE_SECONDS", 0.1)
    office.slow = 1.0
    with house.visitor() as visitor:
        refused(house, visitor.get("/sso/login"), 503, DOWN)


def test_keys_of_other_kinds_do_not_spoil_those_we_can_use():
    from joserfc.jwk import RSAKey

    good = RSAKey.generate_key(2048, auto_kid=True)
    others = [{"kty": "SM2", "x": "1"}, {"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0"}, "words"]
    found = provider._keys({"keys": [*others, good.as_dict(private=False)]})
    assert [key.kid for key in found.keys] == [good.kid]
    for nothing in ({}, {"keys": others}, {"keys": [good.as_dict(private=False) | {"use": "enc"}]}):
        with pytest.raises(provider.ProviderDown):
            provider._keys(nothing)


# ── who that is here ────────────────────────────────────────────────────────────────────────────────────────────────


def test_whom_the_rules_do_not_let_in_is_told_why_and_written_down(house, office):
    office.knows("u-9", **CLERK | {"roles": ["staff", "canteen"]})
    with house.visitor() as visitor:
        refused(house, through(visitor, "u-9"), 403, "您在统一身份认证中的角色“staff、canteen”在本系统没有对应的角色")
    ((outcome, who, after),) = signing_rows(house.store)
    assert (outcome, who, after["subject"]) == ("拒绝", "Wang.Fang", "u-9")
    assert "canteen" in after["why"]
    with house.store.read() as connection:
        assert accounts.by_name(connection, "wang.fang") is None


def test_a_disabled_account_stays_out(house):
    with house.visitor() as visitor:
        through(visitor, "u-1")
    with house.store.write() as connection:
        found = accounts.by_name(connection, "wang.fang")
        accounts.disable(connection, console(), found.id, now=clock_now())
    with house.visitor() as visitor:
        answer = through(visitor, "u-1")
        assert (answer.status_code, bool(set_cookie(answer))) == (401, False)
        assert "账号已停用" in answer.text
    assert signing_rows(house.store)[-1][0] == "失败"


def test_a_changed_role_counts_from_the_next_sign_in(house, office):
    with house.visitor() as visitor:
        through(visitor, "u-1")
        office.knows("u-1", **CLERK | {"roles": "wage-duty", "region": "530100000000", "preferred_username": "renamed"})
        assert house.signed(visitor).actor.role is Role.COUNTY_CLERK
    with house.visitor() as visitor:
        through(visitor, "u-1")
        signed = house.signed(visitor)
    assert (signed.actor.role, signed.actor.region) == (Role.DUTY_OFFICER, "530100")
    assert signed.actor.name == "wang.fang", "the same person under the name they were first known by"
    changed = [row for row in trail(house.store) if row["action"] == "account.manage"][-1]
    assert json.loads(changed["before"]) == {"role": "县级经办", "region": "530102"}
    assert json.loads(changed["after"]) == {"act": "修改", "role": "值班员", "region": "530100"}


def test_a_local_account_of_the_same_name_is_not_taken_over(house, office):
    boss = person(house.store, "wang.fang", role=Role.AUDITOR, region="530000")
    with house.visitor() as visitor:
        refused(house, through(visitor, "u-1"), 401, "已被使用")
    assert (read(house.store, boss).role, read(house.store, boss).origin) == (Role.AUDITOR, "local")
    office.knows("u-2", **CLERK | {"preferred_username": "zhao"})
    with house.visitor() as visitor:
        through(visitor, "u-2")
    office.knows("u-3", **CLERK | {"preferred_username": "zhao"})
    with house.visitor() as visitor:  # nor one of the provider's own by another of its people
        assert "已被使用" in through(visitor, "u-3").text


def test_the_cookie_of_another_house_is_worth_nothing(house, monkeypatch):
    with house.visitor() as visitor:
        back = agreed(to_provider(visitor)[0], "u-1")
        monkeypatch.setenv("MONITORS_KEY", base64.b64encode(b"another".ljust(32, b".")).decode())
        answer = visitor.get(back, headers=cookie(""))
        assert answer.status_code == 400
