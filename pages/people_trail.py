"""审计记录: who did what, searched, exported by 审计, the chain verified on request. The address holds the search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import streamlit as st

from monitors import sheets
from monitors.access import trail
from monitors.access.trail import Filters, Found, Row
from monitors.clock import SHANGHAI, local, utc_now
from monitors.regions import divisions
from pages import context
from pages.markup import Html, joined, tag

ALL_TIME, TODAY, CUSTOM = "全部时间", "今天", "自定义"
PERIODS = {TODAY: 0, "近 7 天": 7, "近 30 天": 30, "近一年": 365, ALL_TIME: None, CUSTOM: None}
# Key of each widget = name in the address → value when nothing is asked. Names of their own: 舆情检索 has others.
DEFAULTS = {
    "when": "近 30 天", "dates": (), "who": "", "act": "", "outcome": "", "words": "", "object": "", "target": "",
    "area": "", "within": "", "no": 1,
}  # fmt: skip
FORMAT_NAMES: dict[sheets.Format, str] = {
    "xlsx": "Excel 工作簿",
    "csv": "CSV 表格",
    "jsonl": "JSON Lines（可独立验证）",
}
_VERDICT = "people-verdict"
_TONES = {"拒绝": "refused", "失败": "failed"}


# ── ask ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _first_page() -> None:
    st.session_state["no"] = 1


def _new_area() -> None:
    _first_page()
    st.session_state["within"] = ""  # the counties of another prefecture are other counties


def _clear() -> None:
    for key, value in DEFAULTS.items():
        if key in st.session_state:
            st.session_state[key] = value


def _select(label: str, options: Sequence[str], key: str, names: dict[str, str] | None = None) -> str:
    shown = {"": "不限"} | (names or {})
    chosen = st.selectbox(
        label,
        options,
        index=list(options).index(str(DEFAULTS[key])),
        key=key,
        bind="query-params",
        on_change=_new_area if key == "area" else _first_page,
        format_func=lambda value: shown.get(value, value),
    )
    return chosen or ""


def _type(label: str, key: str, hint: str) -> str:
    return st.text_input(label, key=key, bind="query-params", on_change=_first_page, placeholder=hint, max_chars=100)


def _ask(now: datetime) -> Filters:
    period, who, act, outcome, words, more = st.columns([1.1, 1.3, 1.6, 0.9, 2.2, 1.1], vertical_alignment="bottom")
    with period:
        when = _select("时间", list(PERIODS), "when")
    with who:
        person = _type("人员", "who", "姓名或账号")
    with act:
        codes = ["", *trail.GROUPS, *trail.ACTS]
        named = {name: f"{name}（全部）" for name in trail.GROUPS} | trail.ACTS
        action = _select("动作", codes, "act", named)
    with outcome:
        result = _select("结果", ["", *trail.OUTCOMES], "outcome")
    with words:
        text = _type("包含", "words", "对象、变更内容、地址等，空格隔开")
    with more, st.popover("更多条件", width="stretch", icon=":material/tune:"):
        kind = _select("对象类别", ["", *trail.KINDS], "object", trail.KINDS)
        target = _type("对象", "target", "编号或账号，须完全一致")
        prefectures = {d.code: d.name for d in divisions.prefectures()}
        area = _select("州市", ["", *prefectures], "area", prefectures)
        inside = {d.code: d.name for d in divisions.counties() if d.parent == area}
        county = _select("县", ["", *inside], "within", inside)
        st.button("清空全部条件", on_click=_clear, width="stretch", icon=":material/filter_alt_off:")
    if when == CUSTOM:
        st.date_input(
            "日期（起止两天都含）", value=(), key="dates", bind="query-params", on_change=_first_page,
            format="YYYY-MM-DD", width=320,
        )  # fmt: skip
    since, until = _period(when, st.session_state.get("dates", ()), now)
    return Filters(
        since=since, until=until, who=person, action=action, kind=kind, target=target, outcome=result,
        region=county or area, words=text,
    )  # fmt: skip


def _period(name: str, days: tuple[date, ...], now: datetime) -> tuple[datetime | None, datetime | None]:
    """The chosen period as instants, from midnight to midnight of the office's clock."""
    if name == CUSTOM and days:
        return _midnight(days[0]), _midnight(days[-1] + timedelta(days=1))
    length = PERIODS.get(name)
    return (None if length is None else _midnight(local(now).date() - timedelta(days=length))), None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _page() -> int:
    """The page asked for. On the first run the pager below is not drawn yet, so the address is asked."""
    asked = str(st.session_state.get("no") or st.query_params.get("no", "1"))
    return int(asked) if asked.isdigit() and len(asked) < 7 else 1


# ── draw ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def draw() -> None:
    """The tab."""
    now = utc_now()
    filters = _ask(now)
    who = context.actor()
    with context.look() as connection:
        found = trail.search(connection, who, filters, page=_page(), size=context.settings().duty.page_size)
    bar = st.container(horizontal=True, vertical_alignment="center")
    bar.markdown(f"**共 {found.total:,} 条**", width="stretch")
    if bar.button("校验审计链", icon=":material/verified_user:", key="people-verify"):
        with st.spinner("正在逐条校验…"):
            verdict = trail.verify(context.store(), who, now=now)
        st.session_state[_VERDICT] = (verdict.ok, f"{local(now):%H:%M:%S} 校验：{verdict.words}")
        st.rerun()
    with bar:
        _export(filters, found, now)
    if held := st.session_state.pop(_VERDICT, None):
        (st.success if held[0] else st.error)(held[1], icon=":material/verified_user:" if held[0] else "⛔")
    if not found.total:
        st.info("没有符合条件的审计记录。可以放宽时间或其他条件。", icon=":material/search_off:")
        return
    st.html(tag("div", *(row_html(row) for row in found.rows), class_="trail"))
    if found.pages > 1:
        with st.container(horizontal_alignment="center"):
            if st.session_state.get("no", 1) > found.pages:
                st.session_state["no"] = found.pages
            st.pagination(found.pages, key="no", bind="query-params")


def _export(filters: Filters, found: Found, now: datetime) -> None:
    if not context.may("audit.export"):
        return
    limit = context.settings().export.max_rows
    with st.popover("导出", icon=":material/download:", disabled=not found.total):
        if found.total > limit:
            st.caption(f"共 {found.total:,} 条，超过一次导出的上限 {limit:,} 条，请先缩小时间范围。")
            return
        st.caption("导出当前条件下的全部记录，含截至时间、筛选条件、导出人和审计链校验结论。导出本身也会留痕。")
        held = context.held()  # the file is made when somebody clicks, outside a run
        for fmt, name in FORMAT_NAMES.items():
            st.download_button(
                name,
                lambda fmt=fmt: file_bytes(held, filters, fmt),
                file_name=trail.file_name(fmt, now),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"people-export-{fmt}",
                width="stretch",
            )


def file_bytes(held: context.Held, filters: Filters, fmt: sheets.Format) -> bytes:
    """The file for whoever holds the sign-in ``held`` at the moment of the click."""
    who = context.actor_of(held)
    return trail.audit_file(context.store(), who, filters, fmt, utc_now(), settings=context.settings())


def row_html(row: Row) -> Html:
    """One row: the sentence, and inside it everything the row holds."""
    return tag(
        "details",
        tag(
            "summary",
            tag("time", f"{local(row.at):%Y-%m-%d %H:%M:%S}"),
            tag("span", trail.sentence(row), class_="what"),
            tag("span", row.address, class_="from", title=f"来源地址：{row.address}"),
            tag("span", row.outcome, class_="outcome"),
        ),
        tag("div", _facts(row), _changes(row), class_="inside"),
        class_=_TONES.get(row.outcome, "done"),
    )


def _facts(row: Row) -> Html:
    facts = (
        ("序号", f"{row.seq:,}"),
        ("姓名", row.display),
        ("账号", row.actor),
        ("角色", row.role),
        ("动作", trail.act_name(row.action)),
        ("对象", " ".join(part for part in (trail.kind_name(row.kind), row.target) if part)),
        ("地区", divisions.full_name(row.region) or row.region),
        ("来源地址", row.address),
        ("登录会话", row.session),
    )
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", words)) for name, words in facts if words))


def _changes(row: Row) -> Html:
    found = trail.changes(row)
    if not found:
        return tag("div", tag("span", f"校验值 {row.mac}", class_="mac"))
    body = [
        tag("tr", tag("td", change.field), tag("td", change.before or "—"), tag("td", change.after or "—"))
        for change in found
    ]
    head = tag("tr", tag("th", "内容"), tag("th", "变更前"), tag("th", "变更后"))
    return joined(tag("table", head, *body), tag("span", f"校验值 {row.mac}", class_="mac"))
