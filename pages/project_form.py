"""登记项目 and 修改: the fields of a project; its duties come from inspections."""

from __future__ import annotations

from typing import Any

import streamlit as st

from monitors.clock import local, utc_now
from monitors.ledger import projects
from monitors.ledger.model import BOND_KINDS, Industry, ProjectStatus, Record
from monitors.ledger.projects import Bond, Project, ProjectDraft
from pages import case_notes, case_parties, context, presses
from pages.ledger_fields import Fields, region_names
from pages.people_drawer import plain

_ASKED = "project-new-asked"
_KEY = "new-project"
_BUILDER = "施工总承包单位：名称或统一社会信用代码"


def ask() -> None:
    """From here on the form stands open."""
    st.session_state[_ASKED] = True


def show_asked() -> bool:
    """Draw the form where it was asked for."""
    if not st.session_state.get(_ASKED):
        return False
    _dialog()
    return True


def _closed() -> None:
    st.session_state.pop(_ASKED, None)
    presses.forget()


@st.dialog("登记项目", width=980, position="right", on_dismiss=_closed)
def _dialog() -> None:
    with context.explained():
        with context.look():
            context.actor().require("ledger.edit", kind=Record.PROJECT)
        builder = case_parties.employer(_KEY, _BUILDER)
        fields = Fields(_KEY, _KEY)
        with st.form(_KEY, border=True):
            values = draw(fields, None)
            sent = fields.send("登记项目", icon=":material/save:")
        now = utc_now()
        draft = ProjectDraft(contractor_id=builder, **values)
        made: list[int] = []
        if sent and fields.run(
            lambda connection, actor: made.append(
                projects.add(connection, actor, draft, today=local(now).date(), now=now)
            )
        ):
            _closed()
            for name in [name for name in st.session_state if str(name).startswith(f"{_KEY}-")]:
                del st.session_state[name]
            st.query_params["project"] = str(made[0])
            case_notes.done(f"“{draft.name}”已登记")


def draw(fields: Fields, old: Project | None) -> dict[str, Any]:
    """The fields but the main contractor; the values as ``ProjectDraft`` takes them."""
    who = context.actor()
    places = region_names(who.scope)
    found: dict[str, Any] = {}
    found["name"] = fields.text("name", "项目名称（标段）*", old.name if old else "", most=120)
    left, middle, right = st.columns(3)
    home = old.region if old else who.region if who.region in places else ""
    found["region"] = fields.choice("region", "项目所在地 *", places, home, where=left, names=places)
    found["industry"] = fields.choice("industry", "行业类别 *", Industry, old.industry if old else "", where=middle)
    found["status"] = fields.choice(
        "status", "项目状态 *", ProjectStatus, old.status if old else ProjectStatus.UNDER_WAY, where=right
    )
    found["developer"] = fields.text("developer", "建设单位", old.developer if old else "", most=120)
    told = fields.area(
        "subcontractors", "分包单位（每行一个）", "\n".join(old.subcontractors) if old else "", height=68
    )
    found["subcontractors"] = tuple(line.strip() for line in told.splitlines() if line.strip())
    left, middle, right = st.columns(3)
    found["gov"] = fields.flag("gov", "政府投资工程", old.gov if old else False, where=left)
    found["ppp"] = fields.flag("ppp", "政府与社会资本合作（PPP）", old.ppp if old else False, where=middle)
    found["soe"] = fields.flag("soe", "国企项目（国有企业为总承包）", old.soe if old else False, where=right)
    found["bond"] = _bond(fields, old.bond if old else None)
    return found


def _bond(fields: Fields, old: Bond | None) -> Bond | None:
    st.markdown("**工资保证金**")
    first, second, third, fourth = st.columns(4)
    kind = fields.choice("bond", "形式", BOND_KINDS, old.kind if old else "", where=first, free=True)
    amount = fields.money("bond_fen", "金额", old.amount_fen if old else None, where=second)
    bank = fields.text("bond_bank", "银行", old.bank if old else "", where=third)
    expiry = fields.day("bond_expiry", "到期日", old.expiry if old else None, where=fourth)
    if not kind and amount is None and not bank and expiry is None:
        return None
    return Bond(kind, amount or 0, bank, expiry)


def edit(found: Project, revision: int) -> None:
    """The tab 修改 of a project's drawer."""
    key = f"project-edit-{found.id}-{revision}"
    with st.expander("更换施工总承包单位", expanded=found.contractor_id is None):
        st.caption(f"现为：{plain(found.contractor) or '（未登记）'}。不填则不变；选定后按“保存修改”。")
        builder = case_parties.employer(key, _BUILDER)
    fields = Fields(key, (found.id, revision))
    with st.form(key, border=False):
        changes = draw(fields, found)
        sent = fields.send("保存修改")
    if builder is not None:
        changes["contractor_id"] = builder
    now = utc_now()
    if sent and fields.run(
        lambda connection, actor: projects.edit(
            connection, actor, found.id, changes, revision, today=local(now).date(), now=now
        )
    ):
        case_notes.done(f"“{found.name}”已修改")
