"""研判依据, report by report: each output with its reasons, and beside it “判错了”, which opens the right input."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache

import streamlit as st

from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.opinion import judged, label_values, labels
from monitors.opinion.dossier import PART_NAMES, Dossier
from monitors.opinion.judged import Judged, Output
from monitors.opinion.label_values import FIELDS, LabelField, Value
from monitors.opinion.model import LEVELS, STANCES, SeverityPart
from monitors.opinion.severity import FEN_PER_WAN
from monitors.regions import divisions
from pages import context
from pages.markup import Html, tag
from pages.wording import level_name

_OPENED = "judgement_open"  # in the session state: (report, output) whose form is open
_NOTE, _WRONG = "judgement_note", "judgement_wrong"  # what was done, what was wrong; each said once
_REASONS_SHOWN = 4
_HINTS: dict[LabelField, str] = {
    "county": "可输入名称查找；报道没有说明、无法确定时选“未定位”。",
    "workers": "报道没有说明时请留空。",
    "amount": "单位万元，报道没有说明时请留空。",
    "employer": "写全称；报道没有说明时请留空。",
    "level": "调高会提高事件级别；调低只更正本篇，警情级别不会自动下降。",
}


def panel(found: Dossier) -> None:
    """The part of the tab below the story's own reasons."""
    try:
        with context.look() as connection:
            reports = judged.of_story(connection, context.actor(), found.id)
    except MonitorsError as error:
        st.error(f"{error}。")
        return
    if not reports:
        return
    st.html(tag("div", tag("h4", "逐篇研判"), class_="dossier"))
    _say_note()
    report = _chosen(found, reports)
    if not report.inside:
        st.caption("这篇报道已移出本事件。")
    _outputs(report)


def alone(report: Judged) -> None:
    """The same for one report by itself, in a story or not."""
    _say_note()
    _outputs(report)


def _say_note() -> None:
    if (note := st.session_state.pop(_NOTE, None)) is not None:
        st.info(note)


def _outputs(report: Judged) -> None:
    may = "改正立即生效并留痕，也用于今后的训练。" if context.may("label.write") else "您的角色可以查看，不能更正研判。"
    st.caption(f"研判模型：{report.model or '未记录'}。{may}")
    for told in report.period:
        st.caption(told)
    for output in report.outputs:
        _row(report, output)
    if (wrong := st.session_state.pop(_WRONG, None)) is not None:  # no form was open to say it in
        st.error(wrong)


def farewell() -> bool:
    """Where a correction has just moved the story out of the person's region, say so instead of “没有这起事件”."""
    note = st.session_state.pop(_NOTE, None)
    if note is not None:
        st.info(f"{note}事件现由其他地区办理，不再属于您的辖区。")
    return note is not None


def _chosen(found: Dossier, reports: tuple[Judged, ...]) -> Judged:
    if len(reports) == 1:
        return reports[0]
    by_id = {report.item_id: report for report in reports}

    def named(item_id: int) -> str:
        report = by_id[item_id]
        out = "" if report.inside else "（已标为不相关）"
        return f"{report.outlet} {stamp(report.published_at)}　{report.title}{out}"

    chosen = st.selectbox("报道", list(by_id), format_func=named, key=f"judgement-report-{found.id}")
    return by_id.get(chosen, reports[0])


def _row(report: Judged, output: Output) -> None:
    name, said, acts = st.columns([1.2, 5, 2], vertical_alignment="top")
    name.markdown(f"**{FIELDS[output.field]}**")
    with said:
        st.html(value_html(output, report.relevance))
    if not context.may("label.write"):
        return
    key = _key(report, output)
    with acts.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if output.field == "relevant" and output.label is None:
            _quiet("判对了", f"{key}-right", _save, report, output.field, bool(output.value), "")
        if report.inside or output.label is None or output.label.confirms:
            wrong = "标为相关" if output.field == "relevant" and not output.value else "判错了"
            _quiet(wrong, f"{key}-wrong", _open, report, output)
        if output.label is not None:
            _quiet("撤销更正", f"{key}-undo", _undo, report, output.field)
    if st.session_state.get(_OPENED) == (report.item_id, output.field):
        _form(report, output)


def _quiet(words: str, key: str, work: Callable[..., None], *what: object) -> None:
    st.button(words, key=key, type="tertiary", on_click=work, args=what)


def value_html(output: Output, relevance: float, *, most: int = _REASONS_SHOWN) -> Html:
    """The value of an output, ``most`` of its reasons, and who said otherwise."""
    value = label_values.words(output.field, output.value)
    if output.field == "relevant":
        value = f"{value}（系统评分 {relevance:.0%}）"
    reasons = "；".join(output.reasons[:most])
    if output.field == "relevant" and not output.value and not reasons:
        reasons = "没有找到拖欠工资的表述"
    more = "…" if len(output.reasons) > most else ""
    label = output.label
    told: object = ""
    if label is not None:
        note = f"：{label.note}" if label.note else ""
        what = "确认" if label.confirms else "更正"
        was = "" if label.confirms else f"，原判 {label_values.words(output.field, label.was)}"
        told = tag("p", f"已由{label.author}{what} {stamp(label.at)}{was}{note}", class_="labelled")
    why = tag("p", f"{reasons}{more}", class_="muted") if reasons else ""
    return tag("div", tag("p", value), told, why, class_="dossier judged")


def _open(report: Judged, output: Output) -> None:
    st.session_state[_OPENED] = (report.item_id, output.field)


def severity_table(parts: tuple[SeverityPart, ...], level: str, score: int) -> Html:
    """The severity sum line by line: part, reason, points, and the total with its level."""
    rows = [
        tag(
            "tr",
            tag("td", PART_NAMES.get(part.code, part.code)),
            tag("td", part.why),
            tag("td", f"{part.points:+d}", class_="n"),
        )
        for part in parts
    ]
    total = tag("tr", tag("td", "合计"), tag("td", level_name(level)), tag("td", score, class_="n"))
    head = tag("tr", tag("th", "项目"), tag("th", "理由"), tag("th", "分值", class_="n"))
    return tag("table", head, *rows, total)


def _shut() -> None:
    st.session_state.pop(_OPENED, None)


def _form(report: Judged, output: Output) -> None:
    key = _key(report, output)
    with st.form(f"{key}-form", border=True):
        _input(output, f"{key}-value")
        if hint := _HINTS.get(output.field):
            st.caption(hint)
        st.text_input("说明（选填）", key=f"{key}-note", max_chars=label_values.MAX_NOTE)
        if (wrong := st.session_state.pop(_WRONG, None)) is not None:
            st.error(wrong)
        with st.container(horizontal=True):
            st.form_submit_button("保存更正", type="primary", on_click=_submit, args=(report, output))
            st.form_submit_button("取消", on_click=_shut)


def _key(report: Judged, output: Output) -> str:
    return f"judgement-{report.item_id}-{output.field}"


def _input(output: Output, key: str) -> None:
    field, value, right = output.field, output.value, f"正确的{FIELDS[output.field]}"
    match field:
        case "relevant":
            if value:
                st.markdown("标为**不相关**：这篇报道说的不是拖欠工资，将移出本事件。警情不会自动关闭。")
            else:
                st.markdown(
                    "标为**相关**：这篇报道说的是拖欠工资。立即重新判断地点、人数、金额和级别，归入同一事件或成为新的事件，"
                    "达到级别的照常报警。可以撤销。"
                )
        case "workers":
            st.number_input(right, 0, label_values.MAX_WORKERS, value, step=1, placeholder="未说明", key=key)
        case "amount":
            wan = "" if value is None else f"{Decimal(value) / FEN_PER_WAN:f}"
            st.text_input(f"{right}（万元）", wan, placeholder="如 12.6", max_chars=20, key=key)
        case "employer":
            st.text_input(right, value or "", max_chars=label_values.MAX_EMPLOYER, key=key)
        case _:
            options = {"stance": STANCES, "level": LEVELS, "county": offered_divisions()}[field]
            at = options.index(value) if value in options else 0
            st.selectbox(right, options, at, format_func=lambda one: label_values.words(field, one), key=key)


def _submit(report: Judged, output: Output) -> None:
    """Before the drawer is drawn again: what was entered takes effect, or the form says what is wrong with it."""
    key = _key(report, output)
    entered = st.session_state.get(f"{key}-value")
    note = st.session_state.get(f"{key}-note", "")
    try:
        match output.field:
            case "relevant":
                entered = not output.value
            case "amount":
                entered = label_values.parse_wan(entered or "")
    except MonitorsError as error:
        st.session_state[_WRONG] = f"{error}。"
        return
    _save(report, output.field, entered, note)


@cache
def offered_divisions() -> tuple[str, ...]:
    """Nowhere, Yunnan, each of its prefectures with its counties, then the other provinces."""
    home = sorted(one.code for one in (*divisions.prefectures(), *divisions.counties()))
    others = [d.code for d in divisions.everywhere() if d.level == "province" and d.code != divisions.YUNNAN]
    return ("", divisions.YUNNAN, *home, *others)


def _save(report: Judged, field: LabelField, value: Value, note: str) -> None:
    try:
        with context.act() as connection:
            labels.put(
                connection, context.actor(), report.item_id, field, value, note=note, settings=context.settings(),
                now=utc_now(),
            )  # fmt: skip
    except MonitorsError as error:
        st.session_state[_WRONG] = f"{error}。"
        return
    _shut()
    summed = "事件已重新汇总。" if report.inside or (field == "relevant" and value) else ""
    st.session_state[_NOTE] = f"已记下{FIELDS[field]}：{label_values.words(field, value)}。{summed}"


def _undo(report: Judged, field: LabelField) -> None:
    try:
        with context.act() as connection:
            labels.remove(
                connection, context.actor(), report.item_id, field, settings=context.settings(), now=utc_now()
            )
    except MonitorsError as error:
        st.session_state[_WRONG] = f"{error}。"
        return
    _shut()
    st.session_state[_NOTE] = f"已撤销对{FIELDS[field]}的更正，恢复系统的判断。"
