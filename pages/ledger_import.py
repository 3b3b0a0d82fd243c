"""导入台账: a workbook is uploaded, previewed row by row, settled and confirmed; then written whole or not at all."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from monitors import sheets
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import stamp, utc_now
from monitors.errors import MonitorsError
from monitors.ledger import import_batches, import_desk, workbook_template
from monitors.ledger.import_batches import Batch
from monitors.ledger.import_desk import Job
from monitors.ledger.query import MAX_IDS
from monitors.regions import divisions
from pages import context, import_preview
from pages.markup import Html, tag
from pages.people_drawer import plain

_LOG = logging.getLogger("monitors.pages")
_CSS = (Path(__file__).resolve().parent / "live" / "import_page.css").read_text(encoding="utf-8")
_REFRESH_SECONDS = 1.0
_UPLOADS = "import-uploads"  # in the session state: how many files were taken; each has an upload box of its own
_PAST = 20  # past imports of one page
_LINKS = 10  # links to the cases of one import, each with as many as an address holds
_STEPS = {
    "排队": "前面还有文件在处理，轮到后自动开始。", "读取": "正在读取工作簿……", "核对": "正在与台账逐行核对……",
    "写入": "正在写入台账，请勿重复上传……",
}  # fmt: skip


@st.cache_data(max_entries=1, show_spinner=False)
def _template() -> bytes:
    stream = io.BytesIO()
    workbook_template.template(stream)
    return stream.getvalue()


# ── upload ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _upload(actor: Actor) -> None:
    limits = context.settings().ledger
    st.caption(
        f"支持 .xlsx、.xls 工作簿，不超过 {limits.import_mib} MB、{limits.import_rows:,} 行。可用模板，"
        "也可用本单位原有表格，系统按表头识别，有合并单元格、标题行、元和万元混用的也能读取。先逐行核对，确认后才写入。"
    )
    st.download_button(
        "下载模板", data=_template, file_name="欠薪台账模板.xlsx", mime=sheets.MIME["xlsx"],
        icon=":material/download:", on_click="ignore", key="import-template",
    )  # fmt: skip
    taken = st.session_state.get(_UPLOADS, 0)
    upload = st.file_uploader(
        "台账文件", type=["xlsx", "xls", "xlsm"], key=f"import-file-{taken}", label_visibility="collapsed"
    )
    if upload is None:
        return
    # The box gives the file back when it is drawn anew: the bytes live in the import's folder from here on.
    st.session_state[_UPLOADS] = taken + 1
    try:
        now = utc_now()
        import_desk.begin(context.store(), context.settings(), actor, upload.getvalue(), upload.name, now=now)
    except MonitorsError as error:
        st.session_state[import_preview.PROBLEM] = f"{str(error).rstrip('。')}。"
    st.rerun()


@st.fragment(run_every=_REFRESH_SECONDS)
def _waiting(token: str, state: str) -> None:
    """While the child is at it: say how far it is; when it has moved on, draw the whole page anew."""
    with context.explained():
        job = import_desk.mine(context.settings(), context.actor())
        if job is None or job.token != token or job.state != state or not job.working(utc_now()):
            st.rerun()
        seconds = int((utc_now() - job.since).total_seconds())
        st.info(f"{_STEPS[state]}（已 {seconds} 秒）", icon=":material/hourglass_top:")
        st.caption("可以离开本页做别的事，回来时仍在这里。")
        if state != "写入":
            st.button("放弃", key="import-stop", on_click=import_preview.drop, args=(token,))


def _ended(job: Job, scope: Scope) -> None:
    """How it went, with the ways on."""
    found = job.result
    if found is None:
        why = job.why or "处理中途停止，未导入任何内容"
        st.error(f"《{plain(job.file_name)}》没有处理完：{why.rstrip('。')}。", icon=":material/error:")
    else:
        st.success(f"《{plain(job.file_name)}》{found.words}。", icon=":material/check_circle:")
        if found.added or found.changed:
            _links(scope, found.batch_id)
    with st.container(horizontal=True):
        again = "导入另一个文件" if found else "重新上传"
        st.button(again, type="primary", key="import-new", on_click=import_preview.drop, args=(job.token,))
        if found:
            import_preview.left_out(job)
        elif job.turn:
            st.button(
                "再试一次", key="import-retry", on_click=import_preview.again, args=(job.token,),
                help="文件不用再上传，按台账的最新情况重新核对",
            )  # fmt: skip


def _job(job: Job, scope: Scope) -> None:
    if job.working(utc_now()):
        st.html(tag("b", f"《{job.file_name}》"))
        _waiting(job.token, job.state)
    elif job.state == "待确认":
        st.html(tag("b", f"《{job.file_name}》核对结果"))
        import_preview.draw(job)
    else:
        _ended(job, scope)


# ── past imports ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _links(scope: Scope, batch_id: int) -> None:
    """To the cases of one import, as many at a time as an address holds."""
    with context.look() as connection:
        ids = import_batches.cases_of(connection, scope, batch_id)
    page = st.session_state.get("pages", {}).get("ledger")
    if not ids or page is None:
        return
    with st.container(horizontal=True):
        for start in range(0, min(len(ids), _LINKS * MAX_IDS), MAX_IDS):
            part = ids[start : start + MAX_IDS]
            whole = len(ids) <= MAX_IDS
            words = f"查看这 {len(ids):,} 件案件" if whole else f"第 {start + 1:,}–{start + len(part):,} 件"
            st.page_link(
                page, label=words, icon=":material/open_in_new:", query_params={"ids": ",".join(map(str, part))}
            )
    if len(ids) > _LINKS * MAX_IDS:
        st.caption(f"共 {len(ids):,} 件，以上为前 {_LINKS * MAX_IDS:,} 件；全部可在欠薪台账中按地区、受理日期查找。")


def _past(scope: Scope) -> None:
    with context.look() as connection:
        total = import_batches.total(connection, scope)
        batches = import_batches.listed(connection, scope, limit=_PAST)
    if not total:
        st.caption("还没有导入过。")
        return
    st.html(_table(batches))
    if total > len(batches):
        st.caption(f"共 {total:,} 次，以上为最近 {len(batches)} 次；全部记录见审计。")
    names = {one.id: f"{stamp(one.at)} {one.file_name}" for one in batches if one.added or one.changed}
    if names:
        chosen = st.selectbox(
            "查看某次导入的案件", list(names), index=None, format_func=names.__getitem__, key="import-batch",
            placeholder="选择一次导入，查看它新增和修改的案件", label_visibility="collapsed", filter_mode=None,
        )  # fmt: skip
        if chosen is not None:
            _links(scope, chosen)


def _table(batches: Sequence[Batch]) -> Html:
    left = ("时间", "导入人", "地区", "文件")
    figures = ("新增", "修改", "不变", "未导入")
    head = tag("tr", *(tag("th", name) for name in left), *(tag("th", name, class_="r") for name in figures))
    rows = [
        tag(
            "tr",
            tag("td", stamp(one.at), class_="n"),
            tag("td", one.actor),
            tag("td", divisions.full_name(one.region)),
            tag("td", one.file_name, title=f"文件指纹 {one.sha256}"),
            *(tag("td", f"{n:,}", class_="n r") for n in (one.added, one.changed, one.same, one.refused)),
        )
        for one in batches
    ]
    return tag("div", tag("table", head, *rows), class_="import-rows")


def main() -> None:
    """The page."""
    st.html(f"<style>{_CSS}</style>")
    st.subheader("导入台账", anchor=False)
    with context.explained():
        with context.look():
            actor = context.actor()
            actor.require("ledger.import", kind="page", target="ledger_import")
        if problem := st.session_state.pop(import_preview.PROBLEM, ""):
            st.error(problem, icon=":material/error:")
        import_desk.tidy(context.settings(), utc_now())
        try:
            job = import_desk.mine(context.settings(), actor)
            if job is None:
                _upload(actor)
            else:
                _job(job, actor.scope)
            st.divider()
            st.markdown("**导入记录**")
            _past(actor.scope)
        except SQLAlchemyError:
            _LOG.exception("the imports could not be read")
            st.error("数据库读取失败，请稍后再试；长时间不恢复请通知管理员查看日志。", icon=":material/error:")


main()
