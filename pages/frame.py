"""The main script: who is signed in, title, style, navigation and the demonstration-data banner round every page."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as `streamlit run pages/frame.py`, the project's own folder is not on the path
    sys.path.insert(0, str(ROOT))

from monitors.access import acting  # noqa: E402 - only importable from here on
from monitors.access.actor import Actor  # noqa: E402 - as above
from monitors.errors import MonitorsError, RefusedError  # noqa: E402 - as above
from pages import context, signed, style  # noqa: E402 - as above


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the navigation, for those who may do one of ``actions``."""

    section: str
    file: str
    title: str
    icon: str
    address: str
    actions: tuple[str, ...]


PAGES = (
    Entry("值守", "duty.py", "实时值班", ":material/notifications_active:", "duty", ("story.view",)),
    Entry("值守", "alerts.py", "警情处置", ":material/assignment_turned_in:", "alerts", ("story.view",)),
    Entry("值守", "roster.py", "值班与交接", ":material/event_note:", "roster", ("story.view",)),
    Entry("值守", "search.py", "舆情检索", ":material/manage_search:", "search", ("story.view",)),
    Entry("值守", "hotspots.py", "热点地图", ":material/map:", "hotspots", ("story.view",)),
    Entry("值守", "links.py", "见报与台账", ":material/link:", "links", ("ledger.view",)),
    Entry("值守", "trends.py", "趋势", ":material/trending_up:", "trends", ("story.view", "ledger.view")),
    Entry("台账", "ledger.py", "欠薪台账", ":material/menu_book:", "ledger", ("ledger.view",)),
    Entry("台账", "projects.py", "项目与检查", ":material/apartment:", "projects", ("ledger.view",)),
    Entry("台账", "clues.py", "线索与隐患", ":material/report:", "clues", ("ledger.view",)),
    Entry("台账", "ledger_import.py", "导入台账", ":material/upload_file:", "ledger-import", ("ledger.import",)),
    Entry("台账", "ledger_stats.py", "台账统计", ":material/bar_chart:", "ledger-stats", ("ledger.view",)),
    Entry("台账", "form.py", "附件2报表", ":material/table_view:", "form", ("ledger.view",)),
    Entry("管理", "sources.py", "监测源", ":material/rss_feed:", "sources", ("source.view",)),
    Entry("管理", "rules.py", "规则与词库", ":material/rule:", "rules", ("source.view",)),
    Entry("管理", "notify.py", "通知渠道", ":material/send:", "notify", ("notify.view",)),
    Entry(
        "管理", "people.py", "用户与审计", ":material/admin_panel_settings:", "people", ("account.view", "audit.view")
    ),
)
# Who may see one of these starts there; 审计 sees no stories and has its own page first.
_FIRST = ("duty", "people", "sources")


def _lead_to(page: st.Page) -> None:
    st.switch_page(page, query_params=st.query_params.to_dict())


def _refuse(entry: Entry) -> None:
    """The address of a page this person may not see: the same words as for one that does not exist; on record."""
    st.warning("没有这个页面，或您无权查看。", icon="🔒")
    who = context.actor()
    try:
        who.require(entry.actions[0], kind="page", target=entry.address)
    except RefusedError as refusal:
        acting.record(context.store(), who, refusal)


def _navigation(actor: Actor) -> tuple[dict[str, list[st.Page]], dict[str, st.Page]]:
    """The sections of the navigation, and the pages of this person by address."""
    built = [entry for entry in PAGES if (ROOT / "pages" / entry.file).exists()]
    open_to = [entry for entry in built if any(actor.may(action) for action in entry.actions)]
    first = next((address for address in _FIRST if address in {entry.address for entry in open_to}), "")
    sections: dict[str, list[st.Page]] = {}
    pages: dict[str, st.Page] = {}
    for entry in built:
        if entry not in open_to:
            page = st.Page(partial(_refuse, entry), title="无权查看", url_path=entry.address, visibility="hidden")
        else:
            default = entry.address == first
            path = "first" if default else entry.address  # served at "/"; Streamlit still wants a name nobody else has
            page = st.Page(
                ROOT / "pages" / entry.file, title=entry.title, icon=entry.icon, url_path=path, default=default
            )
            pages[entry.address] = page
        sections.setdefault(entry.section, []).append(page)
    if first:
        # The first page has no address of its own: who types or keeps /duty is led to it, not told of a missing page.
        lead = partial(_lead_to, pages[first])
        sections.setdefault("值守", []).append(st.Page(lead, title="首页", url_path=first, visibility="hidden"))
    return sections, pages


def main() -> None:
    """Draw the frame, then the chosen page inside it."""
    # The tab's icon is an emoji: drawn inline, where a :material: one would be asked of an outside host.
    st.set_page_config(page_title="舆情值守", page_icon="🚨", layout="wide", initial_sidebar_state=220)
    wall = st.query_params.get("wall") == "1"
    st.html(f"<style>{style.PAGE}</style>")
    try:
        site = context.settings().site
        found = context.find()
        if found is None:
            signed.draw_out()
            st.stop()
        context.settle(found)
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        st.stop()
    wall = wall and found.actor.may("story.view")  # whoever has no wall keeps the way to the other pages
    signed.watch(wall=wall)
    sections, pages = _navigation(found.actor)
    chosen = st.navigation(sections, position="hidden" if wall else "sidebar", expanded=True)
    st.session_state["pages"] = pages
    if not wall:
        with st.sidebar:
            signed.account_box(found)
            st.caption(f"{site.office}\n\n举报投诉电话  \n{site.telephone}")
        context.demo_note()
        context.demo_banner()
    with context.explained():
        chosen.run()


main()
