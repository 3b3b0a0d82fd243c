"""The counties' table of 趋势 as a file, made when somebody clicks, for whoever is signed in then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from monitors import sheets
from monitors.clock import utc_now
from monitors.hotspots import series_export
from monitors.hotspots.series_export import ACTIONS
from pages import context, trend_data, trend_sight
from pages.trend_data import Asked

__all__ = ["ACTIONS", "button"]
FORMAT_NAMES: dict[sheets.Format, str] = {"xlsx": "Excel 工作簿", "csv": "CSV 表格"}


def button(asked: Asked) -> None:
    """The list of formats."""
    with st.popover("导出", icon=":material/download:", width="stretch", key="trend-export"):
        st.caption("导出当前数据、地区和时段下各县（市、区）的表，含截至时间；每次导出留痕。")
        for fmt, name in FORMAT_NAMES.items():
            st.download_button(
                name,
                partial(_file, context.held(), asked, fmt),
                file_name=series_export.file_name(asked.window.data_set, fmt, utc_now()),
                mime=sheets.MIME[fmt],
                on_click="ignore",
                key=f"trend-export-{fmt}",
                width="stretch",
            )


def _file(held: context.Held, asked: Asked, fmt: sheets.Format) -> bytes:
    actor, now = context.actor_of(held), utc_now()
    fresh = replace(asked, scope=actor.scope, now=now)
    rows = [row for row in trend_data.county_rows(fresh) if actor.scope.covers(row.code)]
    return series_export.made(
        context.store(), actor, asked.window, rows, fmt,
        sights=trend_sight.sights(fresh), settings=context.settings(), now=now,
    )  # fmt: skip
