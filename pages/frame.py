"""The main script: title, style, navigation and the demonstration-data banner round every page."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as `streamlit run pages/frame.py`, the project's own folder is not on the path
    sys.path.insert(0, str(ROOT))

from monitors.errors import MonitorsError  # noqa: E402 - only importable from here on
from pages import context, style  # noqa: E402 - as above

# (section, file, title, icon, address).
PAGES = (
    ("值守", "duty.py", "实时值班", ":material/notifications_active:", "duty"),
    ("值守", "search.py", "舆情检索", ":material/manage_search:", "search"),
    ("管理", "sources.py", "监测源", ":material/rss_feed:", "sources"),
)


def _lead_to(page: st.Page) -> None:
    st.switch_page(page, query_params=st.query_params.to_dict())


def main() -> None:
    """Draw the frame, then the chosen page inside it."""
    # The tab's icon is an emoji: drawn inline, where a :material: one would be asked of an outside host.
    st.set_page_config(page_title="舆情值守", page_icon="🚨", layout="wide", initial_sidebar_state=220)
    wall = st.query_params.get("wall") == "1"
    st.html(f"<style>{style.PAGE}</style>")
    try:
        site = context.settings().site
        context.store()
    except MonitorsError as error:
        st.error(str(error), icon="⛔")
        st.stop()
    sections: dict[str, list[st.Page]] = {}
    pages: dict[str, st.Page] = {}
    for section, file, title, icon, address in PAGES:
        if not (ROOT / "pages" / file).exists():
            continue
        first = address == "duty"
        path = "first" if first else address  # served at "/"; Streamlit still wants a name nobody else has
        page = st.Page(ROOT / "pages" / file, title=title, icon=icon, url_path=path, default=first)
        pages[address] = page
        sections.setdefault(section, []).append(page)
    # The first page has no address of its own: who types or keeps /duty is led to it, not told of a missing page.
    alias = st.Page(partial(_lead_to, pages["duty"]), title="实时值班", url_path="duty", visibility="hidden")
    sections["值守"].append(alias)
    chosen = st.navigation(sections, position="hidden" if wall else "sidebar", expanded=True)
    st.session_state["pages"] = pages
    if not wall:
        with st.sidebar:
            st.caption(f"{site.office}　举报投诉电话 {site.telephone}")
        context.demo_note()
        context.demo_banner()
    chosen.run()


main()
