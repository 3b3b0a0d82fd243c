"""Fields of the ledger's forms: one widget per kind of value, and below each a place for what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import streamlit as st
from sqlalchemy import Connection
from streamlit.delta_generator import DeltaGenerator

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.desk.faults import DeskError
from monitors.desk.faults import Fault as DeskFault
from monitors.errors import ConflictError, MonitorsError, RefusedError
from monitors.ledger.faults import Fault, LedgerError
from monitors.ledger.model import LEADERS, MAX_TEXT
from monitors.ledger.ways import Need
from monitors.regions import divisions
from pages import context
from pages.markup import tag
from pages.presses import press, pressed

NAME_CHARS = 60
_NOTHING = "请选择"


def fen(yuan: float | None) -> int | None:
    """元 as typed → 分, half up."""
    return None if yuan is None else int((Decimal(str(yuan)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def yuan(fen_: int | None) -> float | None:
    """分 → 元, for the field that shows it."""
    return None if fen_ is None else float(Decimal(fen_) / 100)


class Fields:
    """One form being drawn. ``key`` names it; ``about`` is the record it is for, so that no other gets its press."""

    def __init__(self, key: str, about: object) -> None:
        self.key, self._about = key, about
        self._slots: dict[str, DeltaGenerator] = {}
        self._said: DeltaGenerator | None = None
        self._doubt: DeltaGenerator | None = None
        self.sure = False  # the person has looked at the figures that E13 doubts

    def text(
        self, field: str, label: str, value: str = "", *, where: Any = st, most: int = NAME_CHARS, **more: Any
    ) -> str:
        """One line of text."""
        told = where.text_input(label, value, key=self._name(field), max_chars=most, **more)
        self._below(field, where)
        return (told or "").strip()

    def area(self, field: str, label: str, value: str = "", *, where: Any = st, height: int = 80) -> str:
        """Several lines of text."""
        told = where.text_area(label, value, key=self._name(field), max_chars=MAX_TEXT, height=height)
        self._below(field, where)
        return (told or "").strip()

    def day(
        self, field: str, label: str, value: date | None = None, *, where: Any = st, hint: str | None = None
    ) -> date | None:
        """One day, or none."""
        told: date | None = where.date_input(
            label, value=value, key=self._name(field), format="YYYY-MM-DD", help=hint,
            min_value=date(2000, 1, 1), max_value=date(2100, 12, 31),
        )  # fmt: skip
        self._below(field, where)
        return told

    def count(
        self, field: str, label: str, value: int | None = None, *, where: Any = st, hint: str | None = None
    ) -> int | None:
        """A number of persons or days."""
        told: int | None = where.number_input(
            label, value=value, min_value=0, step=1, key=self._name(field), format="%d", help=hint, placeholder="",
        )  # fmt: skip
        self._below(field, where)
        return told

    def money(self, field: str, label: str, value: int | None = None, *, where: Any = st) -> int | None:
        """An amount, typed in 元, given back in 分."""
        told = where.number_input(
            f"{label}（元）", value=yuan(value), min_value=0.0, step=100.0, key=self._name(field), format="%.2f",
            placeholder="",
        )  # fmt: skip
        self._below(field, where)
        return fen(told)

    def choice(
        self, field: str, label: str, options: Iterable[str], value: str = "", *, where: Any = st, free: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """One of ``options``; ``free``: or none of them."""
        words, told = dict(names or {}), list(map(str, options))
        if free or not value:
            told, words = ["", *told], words | {"": "（无）" if free else _NOTHING}
        if value not in told:
            told.append(value)
        chosen = where.selectbox(
            label, told, index=told.index(value), key=self._name(field), format_func=lambda one: words.get(one, one)
        )
        self._below(field, where)
        return chosen or ""

    def several(
        self, field: str, label: str, options: Iterable[str], value: Sequence[str] = (), *, where: Any = st
    ) -> tuple[str, ...]:
        """Any number of ``options``."""
        told = where.multiselect(
            label,
            list(map(str, options)),
            default=list(value),
            key=self._name(field),
            placeholder="不选",
            select_all=False,
        )
        self._below(field, where)
        return tuple(told)

    def flag(self, field: str, label: str, value: bool = False, *, where: Any = st) -> bool:
        """Yes or no."""
        told = where.checkbox(label, value, key=self._name(field))
        self._below(field, where)
        return bool(told)

    def need(self, need: Need, value: Any, *, where: Any = st) -> Any:
        """The value a transition asks for; empty ones as None."""
        label = f"{need.words} *" if need.required else need.words
        match need.type:
            case "text":
                found: Any = self.area(need.field, label, value or "", where=where, height=68)
            case "name":
                found = self.text(need.field, label, value or "", where=where)
            case "date":
                found = self.day(need.field, label, value, where=where)
            case "count" | "case":
                found = self.count(need.field, label, value, where=where)
            case "fen":
                found = self.money(need.field, label, value, where=where)
            case "flag":
                found = self.flag(need.field, label, bool(value), where=where)
            case "leader_unit":
                found = self.choice(need.field, label, LEADERS, value or "", where=where, free=True)
            case _:
                found = self.text(need.field, label, value or "", where=where)
        return None if found == "" else found

    def send(self, label: str, *, icon: str | None = None, kind: str = "primary") -> bool:
        """The button at the end; True once for each press."""
        self._doubt = st.empty()
        if st.session_state.get(self._name("doubt")):
            self._confirm()
        self._said = st.empty()
        st.form_submit_button(
            label, type=kind, icon=icon, key=self._name("send"), on_click=press, args=(self._name("send"), self._about)
        )
        return pressed(self._name("send"), self._about)

    def run(self, work: Callable[[Connection, Actor], object]) -> bool:
        """Do it in this person's name. What is refused stands beside the fields; True where it is done."""
        try:
            with context.act() as connection:
                work(connection, context.actor())
        except (LedgerError, DeskError) as error:
            self.complain(error.faults)
        except ConflictError as error:
            self._say(f"{error}。您填写的内容尚未保存。")
        except (RefusedError, MonitorsError) as error:
            self._say(f"{str(error).rstrip('。')}。")
        else:
            st.session_state.pop(self._name("doubt"), None)
            return True
        return False

    def complain(self, faults: Sequence[Fault | DeskFault]) -> None:
        """Each problem beside its field, and all of them at the button, where the eye is."""
        for fault in faults:
            if fault.field in self._slots:
                self._slots[fault.field].html(tag("div", str(fault), class_="field-problem"))
        words = list(dict.fromkeys(str(fault) for fault in faults))
        self._say(*words)
        if any(fault.code == "E13" for fault in faults) and not st.session_state.get(self._name("doubt")):
            st.session_state[self._name("doubt")] = True
            self._confirm()

    def _say(self, *words: str) -> None:
        if self._said is not None:
            items = [tag("li", one) for one in words]
            self._said.html(tag("div", tag("p", "尚未保存："), tag("ul", *items), class_="problems", role="alert"))

    def _confirm(self) -> None:
        if self._doubt is not None:
            self.sure = self._doubt.checkbox("人数和金额已核对无误（E13）", key=self._name("sure"))

    def _name(self, field: str) -> str:
        return f"{self.key}-{field}"

    def _below(self, field: str, where: Any) -> None:
        self._slots[field] = where.empty()


@st.cache_data(show_spinner=False)
def region_names(scope: Scope) -> dict[str, str]:
    """Code → name of the counties and prefectures within ``scope``: where a case can be."""
    inside = {d.code: divisions.full_name(d.code).removeprefix("云南省") for d in divisions.counties()}
    names = inside | {d.code: d.name for d in divisions.prefectures()}
    return {code: name for code, name in names.items() if scope.covers(code)}
