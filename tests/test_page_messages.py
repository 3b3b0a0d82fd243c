"""A browser that does not keep to the page: messages sent by hand to the real server by somebody signed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from monitors.access.roles import Role
from monitors.store import tables as t
from tests import seed
from tests.site_house import Guarded, Site, emptied, served
from tests.test_gate import Tab


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Guarded]:
    with served(Guarded(tmp_path_factory.mktemp("messages"))) as opened:
        yield opened


@pytest.fixture
def site(running: Guarded) -> Iterator[Guarded]:
    with emptied(running) as opened:
        now = datetime.now(UTC)
        seed.plant(opened.store, seed.Planted("盘龙塔吊讨薪一起", level="I", region="530103"), now)
        seed.beat(opened.store, now)
        yield opened


class Forger(Tab):
    """A tab that remembers the parts of the page it was given and can ask for one of them alone."""

    def ask(self, *, fragment: str = "", query: str = "") -> bytes:
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.fragment_id = fragment
        self.socket.send(message.SerializeToString())
        self.fragments = set() if not fragment else self.fragments
        sent = b""
        while True:
            payload = self.socket.recv(timeout=30)
            sent += payload
            found = ForwardMsg.FromString(payload)
            if found.WhichOneof("type") == "delta" and found.delta.fragment_id:
                self.fragments.add(found.delta.fragment_id)
            if found.WhichOneof("type") == "script_finished":
                return sent


def number(site: Site) -> bytes:
    """What gives the alert away, however its title is written down on the way."""
    with site.store.read() as connection:
        return connection.execute(select(t.alert.c.number)).scalar_one().encode()


def trail(site: Site) -> list[tuple[str, ...]]:
    with site.store.read() as connection:
        query = select(t.audit.c["action", "kind", "target", "outcome", "address"]).order_by(t.audit.c.seq)
        return [tuple(row) for row in connection.execute(query)]


def test_parts_of_a_page_show_nothing_once_the_role_sees_no_reports(site):
    tab = Forger(site, site.sign_in(Role.DUTY_OFFICER, name="was-on-duty"))
    try:
        assert number(site) in tab.ask()
        held = set(tab.fragments)
        assert len(held) >= 2
        telling = [one for one in held if number(site) in tab.ask(fragment=one)]
        assert telling, "as long as the role sees them"
        with site.store.write() as connection:
            connection.execute(update(t.account).values(role=str(Role.AUDITOR)))
        assert number(site) not in tab.ask(fragment=telling[0])
    finally:
        tab.close()
    assert ("story.view", "page", "", "拒绝", "127.0.0.1") in trail(site)


def test_a_county_is_not_told_how_much_comes_in_elsewhere(site):
    tab = Forger(site, site.sign_in(Role.COUNTY_CLERK, "530102"))
    try:
        tab.ask()
        fragments = set(tab.fragments)
        seed.plant(site.store, seed.Planted("别处又一起", level="I", region="530627"), datetime.now(UTC))
        versions = site.store.versions("alert", "story", "item", "meta")
        sent = b"".join(tab.ask(fragment=one) for one in fragments)
    finally:
        tab.close()
    assert b'"changed":"' in sent.replace(b'": "', b'":"')
    assert repr(versions).encode() not in sent
    assert b"datetime" not in sent


def test_the_trail_says_where_a_page_is_looked_at_and_not_where_it_was_signed_in_to(site):
    with site.store.read() as connection:
        story = connection.scalar(select(t.story.c.id))
    tab = Forger(site, site.sign_in(Role.COUNTY_CLERK, "530102"), X_Forwarded_For="10.99.0.66")
    try:
        tab.ask(query=f"story={story}")
    finally:
        tab.close()
    assert trail(site)[-1] == ("story.view", "story", str(story), "拒绝", "10.99.0.66")
