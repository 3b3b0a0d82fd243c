"""The doctor's look at the ledger: is there a campaign to report on, and can the form be printed?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from monitors.clock import local
from monitors.errors import MonitorsError
from monitors.finding import Finding, guarded
from monitors.settings import Settings

_ASKED_FROM = 10  # from October on the coming winter's campaign should stand in config.toml


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Campaign and font of the form."""
    return [*guarded("专项行动", lambda: _campaign(settings, now)), *guarded("报表字体", _font)]


def _campaign(settings: Settings, now: datetime) -> Iterator[Finding]:
    present, today = settings.campaign, local(now).date()
    if today <= present.end:
        when = f"{present.start.isoformat()} 至 {present.end.isoformat()}"
        coming = min((one for one in present.report if one.due >= today), key=lambda one: one.due, default=None)
        due = f"；下一次报送：{coming.name}，{coming.due.isoformat()}" if coming else ""
        yield Finding("专项行动", "正常", f"{present.name}，{when}{due}")
    elif today.year > present.end.year or today.month >= _ASKED_FROM:
        words = (
            f"最近的“{present.name}”已于 {present.end.isoformat()} 结束，没有本年冬季的专项行动，报表和办结期限无从计算"
        )
        yield Finding("专项行动", "注意", words, f"在 {settings.path} 末尾的 [[campaign]] 之后添加，重新启动后生效")
    else:
        yield Finding("专项行动", "正常", f"“{present.name}”已于 {present.end.isoformat()} 结束")


def _font() -> Iterator[Finding]:
    from monitors.typeset import chinese_font  # noqa: PLC0415 - loads the typesetter

    try:
        yield Finding("报表字体", "正常", f"报表和专报的 PDF 用 {chinese_font()} 排版")
    except MonitorsError as error:
        yield Finding("报表字体", "注意", str(error), "安装 fonts-noto-cjk 或单位的字体，重新启动后生效")
