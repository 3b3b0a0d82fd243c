"""Who is signed in, on the pages: nobody sees anything without, everybody their own, and an end is an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from streamlit.testing.v1 import AppTest

from monitors.access import sessions
from monitors.access.roles import Role
from monitors.errors import StoreError
from monitors.store import tables as t
from pages import context
from tests import seed
from tests.sent import everything
from tests.test_page_duty import component, words

ROOT = Path(__file__).resolve().parent.parent
TITLE, SECRET = "只给看得见的人看的讨薪", "只给看得见的人看的"


@pytest.fixture
def full(house):
    seed.plant(house, seed.Planted(TITLE, level="I"), datetime.now(UTC))
    seed.beat(house, datetime.now(UTC))
    return house


def opened(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "frame.py"), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def signed_out(app):
    shown = everything(app)
    assert "登录" in words(app)
    assert component(app, "board") is component(app, "pulse") is component(app, "wall") is None
    assert SECRET not in shown
    assert "退出登录" not in [button.label for button in app.button]
    return True


@pytest.mark.parametrize("address", [{}, {"wall": "1"}, {"story": "1"}])
@pytest.mark.parametrize("cookie", ["", "forged", "x" * 4000, "\udcff"])
def test_without_a_sign_in_there_is_nothing(full, monkeypatch, cookie, address):
    monkeypatch.setattr(context, "token", lambda: cookie)
    assert signed_out(opened(**address))


def test_the_box_says_who_and_where(full, signed):
    signed(Role.DUTY_OFFICER, "530100")
    app = opened()
    shown = words(app)
    assert all(part in shown for part in ("示例人员", "值班员", "昆明市", 'href="/password"'))
    assert "退出登录" in [button.label for button in app.button]
    assert not opened(wall="1").sidebar.button


def test_who_has_no_wall_keeps_the_way_to_the_pages_at_its_address(house, signed):
    signed(Role.AUDITOR)
    app = opened(wall="1")
    assert component(app, "wall") is None
    assert "退出登录" in [button.label for button in app.sidebar.button]


def end_by(way):
    def ended(house):
        with house.write() as connection:
            if way == "disabled":
                connection.execute(update(t.account).values(disabled=True))
            elif way == "removed":
                connection.execute(delete(t.session))
            elif way == "must change":
                connection.execute(update(t.account).values(must_change=True))
            else:
                past = datetime.now(UTC) - timedelta(hours=13)
                values = {"ended": {"ended_at": past}, "expired": {"expires_at": past}, "idle": {"seen_at": past}}[way]
                connection.execute(update(t.session).values(values))

    return ended


@pytest.mark.parametrize("way", ["ended", "expired", "idle", "disabled", "removed", "must change"])
@pytest.mark.parametrize("address", [{}, {"wall": "1"}, {"story": "1"}])
def test_whatever_ends_a_sign_in_blanks_the_open_page(full, signed, way, address):
    signed()
    app = opened(**address)
    assert SECRET in everything(app)
    end_by(way)(full)
    assert signed_out(app.run())


def test_signing_out_ends_the_session_and_says_so(full, signed):
    held = signed()
    app = opened()
    next(button for button in app.button if button.label == "退出登录").click().run()
    assert signed_out(app)
    assert "您已退出登录" in words(app)
    assert context.find(context.Held(held, "")) is None
    with full.read() as connection:
        acts = list(connection.scalars(select(t.audit.c.action)))
    assert acts == ["session.sign_out"]


def test_another_person_in_the_same_page_finds_nothing_of_the_first(full, signed):
    signed()
    app = opened()
    app.session_state["duty_chosen"] = "IV"
    app.session_state["source_draft"] = "written by the first"
    app.run()
    signed(Role.COUNTY_CLERK, "530102")
    app.run()
    assert "source_draft" not in app.session_state
    assert component(app, "board")["alerts"] == []
    assert SECRET not in everything(app)


def test_the_state_of_a_page_gives_no_one_away_and_lets_no_one_in(full, signed, monkeypatch):
    held = signed()
    app = opened()
    kept = str(app.session_state) + everything(app)
    assert "holder" in kept
    assert held not in kept, "the token itself is kept nowhere and sent nowhere"
    monkeypatch.setattr(context, "token", lambda: "")
    assert signed_out(app.run()), "what the page remembers is no sign-in"


def test_a_new_role_makes_another_page_at_once(full, signed):
    signed()
    app = opened()
    assert component(app, "board")["total"] == 1
    with full.write() as connection:
        connection.execute(update(t.account).values(role=str(Role.COUNTY_CLERK), region="530102"))
    app.run()
    assert component(app, "board")["total"] == 0
    assert "县级经办" in words(app)


def there(**files):
    """Addresses of the pages whose files are there."""
    return {address.replace("_", "-") for address, file in files.items() if (ROOT / "pages" / file).exists()}


READING = {"duty", "search", "ledger"} | there(
    form="form.py",
    ledger_stats="ledger_stats.py",
    projects="projects.py",
    clues="clues.py",
    links="links.py",
    hotspots="hotspots.py",
    trends="trends.py",
    alerts="alerts.py",
    roster="roster.py",
)
EDITING = READING | there(ledger_import="ledger_import.py")
TOLD = {"rules"} | there(notify="notify.py")
FIRST = {
    Role.COUNTY_CLERK: EDITING,
    Role.PREFECTURE_REVIEWER: EDITING,
    Role.ADMINISTRATOR: EDITING | TOLD | {"sources", "people"},
    Role.DUTY_OFFICER: READING | TOLD | {"sources"},
    Role.SHIFT_LEADER: READING | TOLD | {"sources"},
    Role.LEADER: READING,
    Role.AUDITOR: TOLD | {"sources", "people"},
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_has_its_pages(full, signed, role):
    signed(role)
    app = opened()
    assert set(app.session_state["pages"]) == FIRST[role]
    assert (component(app, "pulse") is not None) == (role is not Role.AUDITOR)


def at(app, address):
    """Type an address of the navigation; ``switch_page`` knows only pages that are files."""
    pages = app._registered_pages.items()
    app._page_hash = next(key for key, page in pages if page["url_pathname"] == address)
    return app.run()


@pytest.mark.parametrize("role", list(Role))
def test_a_page_one_may_not_see_is_refused_and_on_record(full, signed, role):
    signed(role)
    closed = {"duty", "search", "sources", "rules"} - FIRST[role]
    for address in closed:
        app = at(opened(), address)
        assert "没有这个页面，或您无权查看。" in words(app)
        assert SECRET not in everything(app)
        assert component(app, "board") is None
    with full.read() as connection:
        rows = connection.execute(select(t.audit.c["outcome", "kind", "target"])).all()
    assert {tuple(row) for row in rows} == {("拒绝", "page", address) for address in closed}


def test_the_first_page_is_also_reached_by_its_name(full, signed):
    signed(Role.LEADER)
    app = opened()
    assert "duty" in [page["url_pathname"] for page in app._registered_pages.values()]
    assert component(app, "board") is not None


def seen_at(house):
    with house.read() as connection:
        return connection.scalar(select(t.session.c.seen_at))


def test_opening_a_page_is_an_act_and_looking_on_is_none(full, signed):
    began = datetime.now(UTC) - timedelta(minutes=30)
    signed(Role.LEADER, now=began)
    app = opened()
    opened_at = seen_at(full)
    assert opened_at > began + timedelta(minutes=29)
    with full.write() as connection:
        connection.execute(update(t.session).values(seen_at=began))
    app.run()
    assert seen_at(full) == began, "a page that draws itself again is not a person"


@pytest.mark.parametrize(
    ("role", "stays"), [(Role.DUTY_OFFICER, True), (Role.SHIFT_LEADER, True), (Role.LEADER, False)]
)
@pytest.mark.parametrize("address", [{}, {"wall": "1"}])
def test_on_duty_the_screen_itself_counts(full, signed, role, stays, address):
    began = datetime.now(UTC) - timedelta(minutes=30)
    signed(role, "530000", now=began)
    app = opened(**address)
    with full.write() as connection:
        connection.execute(update(t.session).values(seen_at=began))
    app.run()
    assert (seen_at(full) > began) == stays


def test_the_end_is_announced_ten_minutes_before(full, signed):
    signed()
    app = opened()
    assert "到期" not in words(app)
    with full.write() as connection:
        connection.execute(update(t.session).values(expires_at=datetime.now(UTC) + timedelta(minutes=9)))
    for shown in (words(app.run()), words(opened(wall="1"))):
        assert "请先交班或重新登录" in shown


def test_a_full_disk_keeps_nobody_from_reading(full, signed, monkeypatch):
    signed(Role.DUTY_OFFICER, "530000")

    def full_disk(*_arguments, **_named):
        raise StoreError("磁盘已满")

    monkeypatch.setattr(sessions, "touch", full_disk)
    assert SECRET in everything(opened())
