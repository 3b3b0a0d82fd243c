"""The preview of an uploaded workbook: sums, rows by what becomes of them, what a person must settle, 确认导入."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import streamlit as st

from monitors import sheets
from monitors.clock import local, utc_now
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import import_desk, import_lines
from monitors.ledger.import_desk import Job
from monitors.ledger.import_lines import GROUPS, Group, Line, Places
from monitors.ledger.workbook_plan import Decision
from pages import context, import_rows
from pages.markup import Html, tag

PROBLEM = "import-problem"
_GROUP, _AT = "import-group", "import-at"
_REFRESH_SECONDS = 1.0
_SIZE, _CHOICES = 50, 20  # rows of a page; fewer where each bears something to choose
DECISIONS: tuple[Decision, ...] = get_args(Decision)
_WORDS: dict[Decision, str] = {
    "合并": "并入列出的第一件案件，诉求取较大数、时段合起来、空白处补上",
    "新增": "确是另一件，登记为新案件",
    "跳过": "不导入这一行",
}


# ── what a press does ────────────────────────────────────────────────────────────────────────────────────────────────
def done(work: Callable[[], object]) -> None:
    """Do what a press asks for; what went wrong is said at the next look."""
    try:
        work()
    except MonitorsError as error:
        st.session_state[PROBLEM] = f"{str(error).rstrip('。')}。"


def again(token: str) -> None:
    """Preview once more."""
    done(lambda: import_desk.again(context.settings(), _clerk(), token, now=utc_now()))


def _confirm(token: str) -> None:
    done(lambda: import_desk.confirm(context.settings(), _clerk(), token, now=utc_now()))


def drop(token: str) -> None:
    """Forget the upload."""
    done(lambda: import_desk.drop(context.settings(), context.actor(), token, now=utc_now()))


def _clerk() -> Any:
    """Who presses; a role that was taken away since the page was drawn imports nothing."""
    with context.look():
        actor = context.actor()
        actor.require("ledger.import", kind="page", target="ledger_import")
    return actor


def _choose(token: str, key: str, widget: str) -> None:
    choice = st.session_state[widget]
    done(lambda: import_desk.settle(context.settings(), _clerk(), token, decisions={key: choice}))


def _choose_all(token: str, keys: Iterable[str], choice: Decision | None) -> None:
    decisions = dict.fromkeys(keys, choice)
    done(lambda: import_desk.settle(context.settings(), _clerk(), token, decisions=decisions))


def _trust(token: str, key: str, widget: str) -> None:
    whether = bool(st.session_state[widget])
    done(lambda: import_desk.settle(context.settings(), _clerk(), token, trusted={key: whether}))


def _trust_all(token: str, keys: Iterable[str], *, whether: bool) -> None:
    trusted = dict.fromkeys(keys, whether)
    done(lambda: import_desk.settle(context.settings(), _clerk(), token, trusted=trusted))


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@st.cache_data(max_entries=32, show_spinner=False)
def _places(token: str, turn: int, since: str) -> Places:  # noqa: ARG001 - the cache key
    return import_lines.places(import_desk.folder(context.settings(), token))


def draw(job: Job) -> None:
    """The whole preview."""
    counts = import_desk.told(job)
    if job.note:
        st.warning(job.note, icon=":material/info:")
    for words in job.faults:
        st.error(words, icon=":material/error:")
    st.html(_tally(counts))
    _head(job, counts)
    for words in job.notes:
        st.caption(words)
    if job.skipped:
        with st.expander(f"未作为案件读取的行和工作表（{len(job.skipped)}）"):
            st.html(_skipped(job.skipped))
    if job.faults:
        return
    try:
        _rows(job)
    except OSError:
        st.info("预览已不在，请刷新页面。", icon=":material/info:")


def _tally(counts: dict[str, int]) -> Html:
    tones = {"新增": "good", "修改": "good", "拒绝": "bad", "疑似重复": "doubt"}
    parts = [
        tag("span", name, tag("b", f"{number:,}"), " 行", class_=tones.get(name, "") if number else "")
        for name, number in counts.items()
    ]
    return tag("div", *parts, class_="tally")


def _head(job: Job, counts: dict[str, int]) -> None:
    """The ways on from here, and why the first of them may be shut."""
    added, changed = counts["新增"], counts["修改"]
    left = counts["拒绝"] + counts["疑似重复"]
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"确认导入：新增 {added:,} 件，修改 {changed:,} 件"
        nothing = not (added or changed)
        st.button(
            words, type="secondary" if job.unsettled or nothing else "primary", icon=":material/check:",
            key="import-confirm", on_click=_confirm, args=(job.token,),
            disabled=bool(nothing or job.unsettled or job.faults),
        )  # fmt: skip
        st.button(
            "按所选重新核对" if job.unsettled else "重新核对", icon=":material/refresh:", key="import-again",
            type="primary" if job.unsettled else "secondary", on_click=again, args=(job.token,),
            help="按所选的处理和台账的最新情况再核对一遍",
        )  # fmt: skip
        if left:
            _left_out(job, left)
        st.button("放弃", icon=":material/close:", key="import-drop", on_click=drop, args=(job.token,))
    if job.unsettled:
        st.caption("已改变所选的处理，请先点“按所选重新核对”，看过结果后再确认导入。")
    elif nothing and not job.faults:
        st.caption("没有可以导入的行。" if left else "与台账完全一致，无需导入。")
    elif left:
        st.caption(
            f"拒绝和未决定的疑似重复共 {left:,} 行不导入，可下载后改正再上传；其余各行要么全部写入，要么都不写入。"
        )


def _left_out(job: Job, left: int) -> None:
    settings, token, held = context.settings(), job.token, context.held()

    def made() -> bytes:
        # Outside the run, when somebody clicks: whether the sign-in still holds is asked anew.
        context.actor_of(held).require("ledger.import", kind="page", target="ledger_import")
        found = import_desk.mine(settings, context.actor_of(held))
        body = import_desk.refused(settings, found) if found and found.token == token else None
        if body is None:
            raise RefusedError("文件已不在，请重新上传", action="ledger.import")
        return body

    ready = import_desk.refused(settings, job) is not None
    st.download_button(
        f"下载未导入的 {left:,} 行",
        data=made,
        file_name=f"未导入-{sheets.slug(job.file_name.rpartition('.')[0], '台账')}-{local(utc_now()):%Y%m%d%H%M}.xlsx",
        mime=sheets.MIME["xlsx"],
        icon=":material/download:",
        on_click="ignore",
        disabled=not ready,
        help="每行附原因和原位置，改正后可直接再上传",
        key="import-refused",
    )
    if not ready:
        _until_written(job)


@st.fragment(run_every=_REFRESH_SECONDS)
def _until_written(job: Job) -> None:
    """The preview is shown before the workbook of what is left out is written: the button opens when it is."""
    if import_desk.refused(context.settings(), job) is not None:
        st.rerun()


def left_out(job: Job) -> None:
    """The same button after the import."""
    counts = import_desk.told(job)
    if left := counts["拒绝"] + counts["疑似重复"]:
        _left_out(job, left)


def _skipped(skipped: Sequence[tuple[str, str]]) -> Html:
    rows = [tag("tr", tag("td", where, class_="n"), tag("td", why)) for where, why in skipped]
    return tag("div", tag("table", *rows), class_="import-rows")


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _rows(job: Job) -> None:
    places = _places(job.token, job.turn, job.since.isoformat())
    open_to = [group for group in GROUPS if len(places.starts[group]) or group == "全部"]
    if st.session_state.get(_GROUP) not in open_to:
        first = next((group for group in ("疑似重复", "数字存疑", "拒绝") if group in open_to), "全部")
        st.session_state[_GROUP] = first
    group: Group = st.segmented_control(
        "查看", open_to, key=_GROUP, format_func=lambda one: f"{one} {len(places.starts[one]):,}",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    starts = places.starts[group]
    size = _CHOICES if group in {"疑似重复", "数字存疑"} else _SIZE
    page = _page(job, group, -(-len(starts) // size))
    lines = import_lines.read(
        import_desk.folder(context.settings(), job.token), starts[(page - 1) * size : page * size]
    )
    if group == "疑似重复":
        _all_alike(job, places)
    elif group == "数字存疑":
        _all_doubted(job, places)
    if group in {"疑似重复", "数字存疑"}:
        for line in lines:
            (_alike if group == "疑似重复" else _doubted)(job, line)
    elif lines:
        if group == "拒绝" and places.doubted:
            st.caption("仅因数字存疑（E13）被拒绝的，可在“数字存疑”中确认无误后导入。")
        st.html(import_rows.table(lines))
    _pager(job, group, page, -(-len(starts) // size))


def _page(job: Job, group: Group, last: int) -> int:
    asked, page = st.session_state.get(_AT, (None, 1))
    if asked != (job.token, group):
        page = 1
    page = min(max(1, page), max(1, last))
    st.session_state[_AT] = ((job.token, group), page)
    return page


def _pager(job: Job, group: Group, page: int, last: int) -> None:
    if last <= 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center"):
        st.button("上一页", key="import-before", disabled=page <= 1, on_click=_turn, args=(job.token, group, page - 1))
        st.write(f"第 {page:,} 页，共 {last:,} 页")
        st.button("下一页", key="import-next", disabled=page >= last, on_click=_turn, args=(job.token, group, page + 1))


def _turn(token: str, group: Group, page: int) -> None:
    st.session_state[_AT] = ((token, group), page)


def _all_alike(job: Job, places: Places) -> None:
    st.caption(
        "台账中已有同企业、同项目、同时段的案件（E12），请逐行决定；没有决定的不导入。"
        + "；".join(f"{choice}：{words}" for choice, words in _WORDS.items())
        + "。"
    )
    mergeable = [key for key, may in places.alike.items() if may]
    groups: tuple[tuple[Decision, Sequence[str]], ...] = (
        ("合并", mergeable), ("新增", tuple(places.alike)), ("跳过", tuple(places.alike)),
    )  # fmt: skip
    with st.container(horizontal=True):
        for choice, keys in groups:
            st.button(
                f"全部{choice}（{len(keys):,}）", key=f"import-all-{choice}", disabled=not keys,
                on_click=_choose_all, args=(job.token, keys, choice),
            )  # fmt: skip


def _alike(job: Job, line: Line) -> None:
    with st.container(border=True):
        st.html(import_rows.table([line]))
        options = [one for one in DECISIONS if one != "合并" or any(alike.case for alike in line.alike[:1])]
        widget = f"import-choice|{job.token}|{line.key}"
        st.session_state[widget] = job.decisions.get(line.key)
        st.segmented_control(
            f"{line.key} 的处理", options, key=widget, on_change=_choose, args=(job.token, line.key, widget),
            label_visibility="collapsed",
        )  # fmt: skip


def _all_doubted(job: Job, places: Places) -> None:
    st.caption("人数或金额大得不寻常（E13），可能是单位填错。核对后确认无误的照填写的导入，不确认的不导入。")
    with st.container(horizontal=True):
        st.button(
            f"全部确认无误（{len(places.doubted):,}）", key="import-trust-all",
            on_click=_trust_all, args=(job.token, places.doubted), kwargs={"whether": True},
        )  # fmt: skip
        st.button(
            "全部取消确认", key="import-trust-none", on_click=_trust_all, args=(job.token, places.doubted),
            kwargs={"whether": False}, disabled=not job.trusted,
        )  # fmt: skip


def _doubted(job: Job, line: Line) -> None:
    with st.container(border=True):
        st.html(import_rows.table([line]))
        widget = f"import-trust|{job.token}|{line.key}"
        st.session_state[widget] = line.key in job.trusted
        st.checkbox(f"{line.key} 行数字确认无误", key=widget, on_change=_trust, args=(job.token, line.key, widget))
