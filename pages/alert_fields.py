"""Fields of the desk's forms: those of the ledger's, and a day with its hour, another alert, one of several reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from monitors.clock import SHANGHAI, local, utc_now
from monitors.desk.faults import Fault
from monitors.desk.ways import Need
from pages.ledger_fields import Fields
from pages.markup import tag

_AHEAD = timedelta(hours=24)  # offered where a limit has to be set


class AlertFields(Fields):
    """One form of the desk being drawn."""

    def moment(self, field: str, label: str, value: datetime | None = None, *, where: Any = st) -> datetime | None:
        """A day and an hour on the office's clock; None where either is empty."""
        shown = local(value or utc_now() + _AHEAD).replace(second=0, microsecond=0)
        with where.container(gap=None):
            left, right = st.columns([1.4, 1], gap="small")
            day = left.date_input(label, value=shown.date(), key=self._name(f"{field}-day"), format="YYYY-MM-DD")
            hour = right.time_input("时刻", value=shown.time(), key=self._name(f"{field}-hour"), step=600)
            self._below(field, st)
        return datetime.combine(day, hour, SHANGHAI) if day and hour else None

    def complain(self, faults: Sequence[Fault]) -> None:
        """Each problem at its field; at the button what has no field, and how many fields there are to look at."""
        beside = {fault.field for fault in faults if fault.field in self._slots}
        for fault in faults:
            if fault.field in beside:
                self._slots[fault.field].html(tag("div", str(fault), class_="field-problem"))
        words = list(dict.fromkeys(str(fault) for fault in faults if fault.field not in beside))
        if beside:
            words.append(f"有 {len(beside)} 项需要更正，见各项下方的红字")
        self._say(*words)

    def given(self, need: Need, value: Any, *, where: Any = st) -> Any:
        """The value a way asks for; empty ones as None."""
        label = f"{need.words} *" if need.required else need.words
        match need.type:
            case "moment":
                return self.moment(need.field, label, value, where=where)
            case "choice":
                return self.choice(need.field, label, need.choices, value or "", where=where) or None
            case "alert":
                return self.text(need.field, label, where=where, placeholder="如 YJ20261123-0001") or None
            case _:
                return self.need(need, value, where=where)  # type: ignore[arg-type]
