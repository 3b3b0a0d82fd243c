"""Through the office's single sign-on in a real browser, the provider being another site, and out again."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from monitors.access.roles import Role
from monitors.store.search_index import ensure
from tests import seed
from tests.browser.conftest import SETTLED
from tests.site_house import Site, served
from tests.sso_house import CLERK, SECRET_WORD, opened

pytestmark = pytest.mark.browser

OWN = "五华区工地讨薪"
ELSEWHERE = "镇雄工地讨薪"
LOGIN = re.compile(r"/login(\?|$)")


class Joined(Site):
    """The product with ``[sso]`` filled in."""

    issuer = ""

    def environment(self):
        found = super().environment()
        config = self.data / "config.toml"
        text = config.read_text(encoding="utf-8").replace("enabled = false", "enabled = true", 1)
        text = text.replace('issuer = ""', f'issuer = "{self.issuer}"').replace('client_id = ""', 'client_id = "duty"')
        role = '[[sso.role]]\nclaim = "wage-clerk"\nrole = "县级经办"\n\n[retention]'
        config.write_text(text.replace("[retention]", role), encoding="utf-8")
        return found | {"MONITORS_SSO_SECRET": SECRET_WORD, "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def office():
    with pytest.MonkeyPatch.context() as patch, opened() as found:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        found.knows("wf", **CLERK)
        # To a browser localhost and 127.0.0.1 are two sites: the way back crosses from one to the other.
        found.issuer = found.issuer.replace("127.0.0.1", "localhost")
        yield found


@pytest.fixture(scope="module")
def site(office, tmp_path_factory):
    joined = Joined(tmp_path_factory.mktemp("sso"))
    joined.issuer = office.issuer
    with served(joined) as running:
        running.sign_in(Role.ADMINISTRATOR)
        now = datetime.now(UTC)
        running.story = seed.plant(running.store, seed.Planted(OWN, level="I", region="530102"), now)
        seed.plant(running.store, seed.Planted(ELSEWHERE, level="II", region="530627"), now)
        seed.beat(running.store, now)
        ensure(running.store)
        yield running
        said = running.log()
    assert "Traceback" not in said, said
    assert SECRET_WORD not in said


@pytest.fixture
def page(chromium):
    context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    yield context.new_page()
    context.close()


def test_in_by_the_providers_form_as_oneself_and_out_again(site, office, page):
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"{site.url}/?story={site.story}")
    page.wait_for_url(LOGIN)
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(re.compile(re.escape(office.issuer)))
    page.get_by_placeholder("sub").fill("wf")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{site.url}/?story={site.story}")
    page.wait_for_selector(SETTLED)
    page.locator(".dossier h3", has_text=OWN).wait_for()
    page.get_by_text("王芳").first.wait_for()
    page.get_by_text("县级经办").first.wait_for()
    assert ELSEWHERE not in page.content()
    held = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert set(held) & {"monitors_session", "monitors_sso"} == {"monitors_session"}
    assert held["monitors_session"]["httpOnly"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(LOGIN)
    assert OWN not in page.content()
    page.goto(f"{site.url}/")
    page.wait_for_url(LOGIN)
    assert complaints == []


def test_a_person_who_says_no_is_back_at_the_sign_in_page(site, office, page):
    page.goto(f"{site.url}/login")
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(re.compile(re.escape(office.issuer)))
    page.get_by_role("button", name="Deny").click()
    page.get_by_role("alert").get_by_text("您已在统一身份认证中取消登录").wait_for()
    page.get_by_role("button", name="登录", exact=True).wait_for()
