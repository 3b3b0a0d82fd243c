"""The main script: title, style, navigation and the demonstration-data banner round every page."""

from __future__ import annotations

import sys
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
        page = st.Page(ROOT / "pages" / file, title=title, icon=icon, url_path=address, default=address == "duty")
        pages[address] = page
        sections.setdefault(section, []).append(page)
    chosen = st.navigation(sections, position="hidden" if wall else "sidebar", expanded=True)
    st.session_state["pages"] = pages
    if not wall:
        with st.sidebar:
            st.caption(f"{site.office}　举报投诉电话 {site.telephone}")
        context.demo_note()
        context.demo_banner()
    chosen.run()


main()
