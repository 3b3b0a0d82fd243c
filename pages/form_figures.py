"""What the parts of the page 附件2报表 count, cached by data version and by the reader's part of the province."""

from __future__ import annotations

from datetime import date

import streamlit as st

from monitors.access.scope import Scope
from monitors.ledger import form, form_behind, form_sum
from monitors.ledger.form import FormCells
from monitors.ledger.form_behind import Behind
from monitors.ledger.form_cli import campaign_of
from monitors.ledger.form_layout import Unit
from monitors.ledger.form_lines import Line, Place, lines
from monitors.ledger.form_sum import Sum
from pages import context
from pages.form_ask import Asked

LINES = 200  # as many records as a person reads through
_COUNTED = ("employer", "project", "inspection", "wage_case", "payment", "measure")


def cells(scope: Scope, asked: Asked) -> FormCells:
    """The form of the ledger as it is now.

    Raises:
        InputError: as ``form.period_of``.
    """
    return _cells(context.versions(*_COUNTED), scope, asked.campaign.key, asked.cutoff, asked.region)


def summed(scope: Scope, asked: Asked) -> Sum:
    """The sum of what the units below have submitted.

    Raises:
        InputError: as ``form_sum.summed``.
    """
    version = context.versions(*_COUNTED, "form_snapshot")
    return _summed(version, scope, asked.campaign.key, asked.cutoff, asked.region)


def behind(scope: Scope, asked: Asked, place: Place) -> tuple[Behind, tuple[Line, ...]]:
    """The records of the ledger behind a figure, and the first of them to be read.

    Raises:
        InputError: as ``form_behind.behind``.
    """
    version = context.versions(*_COUNTED)
    return _behind(version, scope, (asked.campaign.key, asked.cutoff, asked.region), place)


def exact_words(unit: Unit, exact: int) -> str:
    """The exact figure with its unit: persons one by one, money in 元."""
    if unit is Unit.MONEY:
        return f"{exact / 100:,.2f} 元"
    return f"{exact:,} {'人' if unit is Unit.PERSONS else unit}"


@st.cache_data(max_entries=64, show_spinner="正在统计…")
def _cells(version: tuple[str, ...], scope: Scope, campaign: str, cutoff: date, region: str) -> FormCells:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return form.cells(connection, campaign=campaign_of(context.settings(), campaign), cutoff=cutoff, region=region)


@st.cache_data(max_entries=16, show_spinner="正在汇总…")
def _summed(version: tuple[str, ...], scope: Scope, campaign: str, cutoff: date, region: str) -> Sum:  # noqa: ARG001 - the cache key
    with context.store().read() as connection:
        return form_sum.summed(
            connection, campaign=campaign_of(context.settings(), campaign), cutoff=cutoff, region=region
        )


@st.cache_data(max_entries=16, show_spinner="正在查询…")
def _behind(
    version: tuple[str, ...],  # noqa: ARG001 - the cache key
    scope: Scope,  # noqa: ARG001 - the cache key
    asked: tuple[str, date, str],
    place: Place,
) -> tuple[Behind, tuple[Line, ...]]:
    campaign, cutoff, region = campaign_of(context.settings(), asked[0]), asked[1], asked[2]
    row, column = place.row, place.column
    with context.store().read() as connection:
        if row == 0:
            found = form_behind.behind_other(connection, campaign=campaign, cutoff=cutoff, region=region, blank=column)
        else:
            found = form_behind.behind(connection, campaign=campaign, cutoff=cutoff, region=region, row=row, col=column)
        return found, lines(connection, found, place, limit=LINES)
