"""Under the sheet: what the checks say, the explanations, who signs, and 报送, which freezes the form.

What a person has typed stays with the form it was typed for until it is submitted, also over a change of tab.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from monitors.access.scope import Scope
from monitors.clock import local, utc_now
from monitors.errors import MonitorsError
from monitors.ledger import form_files, form_snapshots, form_sum
from monitors.ledger.faults import LedgerError
from monitors.ledger.form import FormCells
from monitors.ledger.form_checks import RULES, Finding, check
from monitors.ledger.form_files import FileFormat
from monitors.ledger.form_layout import SIGNERS
from monitors.ledger.form_paper import Kind, Paper, Signed
from monitors.ledger.model import MAX_TEXT
from pages import context, presses
from pages.form_ask import Asked
from pages.markup import Html, tag

FILES: dict[FileFormat, str] = {"xlsx": "下载 Excel", "pdf": "下载 PDF"}
_TYPED = "form-typed"  # in the session state: form → field → what was typed
_NOTE, _PROBLEM = "form-note", "form-problem"
_MAKERS: dict[Kind, Callable[..., int]] = {"本级": form_snapshots.submit, "汇总": form_sum.submit}


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that nobody has submitted yet, with what was typed for it so far."""

    asked: Asked
    kind: Kind
    cells: FormCells
    findings: tuple[Finding, ...]
    last: form_snapshots.Snapshot | None

    @property
    def key(self) -> str:
        """One word for this form."""
        return f"{self.kind}|{self.asked.key}"

    @property
    def typed(self) -> dict[str, str]:
        """What was typed, by field."""
        typed: dict[str, str] = st.session_state.setdefault(_TYPED, {}).setdefault(self.key, {})
        return typed

    def codes(self) -> tuple[str, ...]:
        """The W to be explained."""
        return tuple(sorted({one.code for one in self.findings if one.level == "W"}))

    def explanations(self) -> dict[str, str]:
        """What was said to each."""
        return {code: self.typed.get(code, "").strip() for code in self.codes()}

    def signed(self) -> Signed:
        """Who answers for it, as far as known."""
        known = self.last.signed.words() if self.last else ("", "", context.actor().display, "")
        return Signed(*(self.typed.get(name, words).strip() for name, words in zip(SIGNERS, known, strict=True)))

    def unit(self) -> str:
        """制表单位名称."""
        usual = self.last.unit if self.last else form_files.unit_name(context.settings(), self.asked.region)
        return self.typed.get("unit", usual).strip()

    def paper(self, parts: dict[str, int], missing: Sequence[str]) -> Paper:
        """The form to be looked at and printed, marked as not submitted."""
        return Paper(
            self.cells, self.unit(), local(utc_now()).date(), self.kind, self.signed(), self.findings,
            {code: words for code, words in self.explanations().items() if words}, parts, tuple(missing), draft=True,
        )  # fmt: skip


def drafted(scope: Scope, asked: Asked, kind: Kind, cells: FormCells, missing: Sequence[str] = ()) -> Draft:
    """The form with its checks, beside what was submitted before."""
    with context.look() as connection:
        before = form_snapshots.previous(connection, cells, kind)
        last = form_snapshots.listed(connection, scope, region=asked.region, limit=1)
    return Draft(asked, kind, cells, check(cells, before, missing=missing), last[0] if last else None)


def say() -> None:
    """Show once how the last submission went."""
    if note := st.session_state.pop(_NOTE, ""):
        st.toast(note, icon=":material/check_circle:")
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem, icon=":material/error:")


def files(paper: Paper, *, snapshot: int = 0) -> None:
    """The two download buttons. A file is made when somebody clicks, for whoever is signed in then."""
    if not context.may("ledger.export"):
        return
    for fmt, words in FILES.items():
        st.download_button(
            words,
            partial(_file, context.held(), paper, fmt, snapshot),
            file_name=form_files.file_name(paper, fmt),
            mime=form_files.MIME[fmt],
            on_click="ignore",
            icon=":material/download:",
            key=f"form-{fmt}-{paper.kind}-{snapshot}",
        )


def _file(held: context.Held, paper: Paper, fmt: FileFormat, snapshot: int) -> bytes:
    return form_files.file(context.store(), context.actor_of(held), paper, fmt, now=utc_now(), snapshot=snapshot)


def rounding(cells: FormCells) -> None:
    """By how much the printed 合计 of the money columns differs from the exact sums."""
    off = [f"第{number}栏 {fen / 100:+,.2f} 元" for number, fen in cells.rounding().items()]
    if off:
        st.caption(f"合计为各行四舍五入后之和，与准确合计相差：{'、'.join(off)}。")


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def draw(draft: Draft, today: date) -> None:
    """Checks at the left, sign-off and 报送 at the right."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _checks(draft, may=context.may("form.submit"))
    if context.may("form.submit"):
        with right:
            _sign(draft, today)


def findings_html(findings: Sequence[Finding]) -> Html:
    """The findings one under the other, each with whether it blocks or wants words."""
    named = {"E": "须更正", "W": "须说明"}
    lines = [tag("li", tag("span", named[one.level], class_=f"tag {one.level}"), str(one)) for one in findings]
    return tag("div", tag("ul", *lines), class_="form-list")


def _checks(draft: Draft, *, may: bool) -> None:
    blocking = [one for one in draft.findings if one.level == "E"]
    st.markdown(f"**表内审核**：须更正 {len(blocking)} 项，须说明 {len(draft.codes())} 项")
    if not draft.findings:
        st.success("各项审核关系全部符合。", icon=":material/check_circle:")
        return
    if blocking:
        st.html(findings_html(blocking))
        st.caption("须更正的项目请在台账中更正相应记录后再报送；点击表内数字可以看到是哪些记录。")
    for code in draft.codes():
        st.html(findings_html([one for one in draft.findings if one.code == code]))
        if may:
            st.text_area(
                f"{code} 说明：{RULES[code]}", max_chars=MAX_TEXT, height=80,
                placeholder=_hint(draft, code), **_kept(draft, code, ""),
            )  # fmt: skip


def _hint(draft: Draft, code: str) -> str:
    said = draft.last.explanations.get(code, "") if draft.last else ""
    return f"上次说明：{said}" if said else "请说明原因，随报表一并保存"


# ── sign-off ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _sign(draft: Draft, today: date) -> None:
    st.markdown("**签名与报送**")
    st.text_input("制表单位名称", max_chars=form_snapshots.UNIT_CHARS, **_kept(draft, "unit", draft.unit()))
    signed = draft.signed().words()
    columns = st.columns(2)
    for index, (name, words) in enumerate(zip(SIGNERS, signed, strict=True)):
        columns[index % 2].text_input(name, max_chars=60, **_kept(draft, name, words))
    if draft.cells.cutoff > today:
        st.info(
            f"截止日期 {draft.cells.cutoff} 未到，以上为截至今天的数字，到期后方可报送。", icon=":material/schedule:"
        )
        return
    blocked = any(one.level == "E" for one in draft.findings)
    ready = st.checkbox(
        "已核对表内数字，报送后不能修改或撤回", key=f"form-ready|{draft.key}", disabled=blocked,
        help="更正须重新报送，原报送件仍然保留",
    )  # fmt: skip
    # What stood on the screen at the click is what the person signs; this run may already count newer records.
    seen = st.session_state.get(f"form-seen|{draft.key}", "")
    st.session_state[f"form-seen|{draft.key}"] = fingerprint = form_snapshots.fingerprint(draft.cells)
    st.button(
        "报送", type="primary", icon=":material/send:", key="form-submit", disabled=blocked or not ready,
        on_click=presses.press, args=("form-submit", draft.key),
    )  # fmt: skip
    if presses.pressed("form-submit", draft.key) and ready and not blocked:
        _submit(draft, seen or fingerprint)
    if blocked:
        st.caption("有须更正的项目，暂不能报送。")


def _kept(draft: Draft, field: str, usual: str) -> dict[str, Any]:
    """Key and callback of a text field that keeps what was typed, though Streamlit forgets fields not on the screen."""
    key = f"form-field|{draft.key}|{field}"
    if key not in st.session_state:
        st.session_state[key] = draft.typed.get(field, usual)
    return {"key": key, "on_change": _typed, "args": (draft.key, field, key)}


def _typed(form: str, field: str, key: str) -> None:
    st.session_state.setdefault(_TYPED, {}).setdefault(form, {})[field] = st.session_state[key] or ""


def _submit(draft: Draft, seen: str) -> None:
    now = utc_now()
    try:
        with context.act() as connection:
            number = _MAKERS[draft.kind](
                connection,
                context.actor(),
                campaign=draft.asked.campaign,
                cutoff=draft.asked.cutoff,
                region=draft.asked.region,
                unit=draft.unit(),
                signed=draft.signed(),
                explanations=draft.explanations(),
                now=now,
                seen=seen,
            )
    except LedgerError as error:
        st.error("未报送：" + "；".join(fault.words for fault in error.faults), icon=":material/error:")
        return
    except MonitorsError as error:
        st.session_state[_PROBLEM] = f"未报送：{error}"
        st.rerun()
    st.session_state.get(_TYPED, {}).pop(draft.key, None)
    st.session_state[_NOTE] = f"已报送，报送件第 {number} 号"
    st.query_params["snapshot"] = str(number)
    st.rerun()
