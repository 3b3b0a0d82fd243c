"""专报 and 快报 of one alert as Word or PDF: made when somebody clicks, on record."""

from __future__ import annotations

from functools import partial

import streamlit as st

from monitors.clock import utc_now
from monitors.desk import pack_files
from monitors.desk.pack import PACK_KINDS, PackKind
from monitors.desk.pack_files import PACK_FORMATS, PackFormat
from pages import context

_NAMES: dict[PackFormat, str] = {"docx": "Word 文档（.docx）", "pdf": "PDF（可直接打印）"}


def buttons(number: str) -> None:
    """A menu of the two kinds in the two formats, for who may export."""
    if not context.may("story.export"):
        return
    with st.popover("专报／快报", icon=":material/description:", key=f"pack-{number}"):
        st.caption("每句话都注明出处，附报道清单、链接和采集文本校验值；导出留痕。")
        for kind in PACK_KINDS:
            for fmt in PACK_FORMATS:
                st.download_button(
                    f"{kind}　{_NAMES[fmt]}",
                    partial(_file, context.held(), number, kind, fmt),
                    file_name=pack_files.file_name(number, kind, fmt, utc_now()),
                    mime=pack_files.MIME[fmt],
                    on_click="ignore",
                    key=f"pack-{number}-{kind}-{fmt}",
                    width="stretch",
                )


def _file(held: context.Held, number: str, kind: PackKind, fmt: PackFormat) -> bytes:
    # Made when somebody clicks: the cut-off time in the file is the click's.
    actor = context.actor_of(held)
    return pack_files.file(context.store(), actor, number, kind, fmt, settings=context.settings(), now=utc_now())
