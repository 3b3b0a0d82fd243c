"""The form for one source, empty or filled: asks, and gives back what was entered. Checks nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from monitors.opinion.model import CONDITIONS, SOURCE_GROUPS, SOURCE_KINDS, Recipe, Source
from monitors.opinion.source_rules import read_headers
from monitors.regions import divisions
from pages.markup import tag

KIND_CHOICES = {"feed": "订阅源（RSS / Atom / JSON Feed）", "page": "网页列表", "json": "JSON 接口"}
TIER_CHOICES = {1: "1 · 政府发布", 2: "2 · 主流媒体", 3: "3 · 商业媒体与聚合", 4: "4 · 人人可发"}
Check = Callable[[Source], Mapping[str, str]]
BLANK = Source(id="", name="", kind="feed", url="", interval_seconds=600, max_interval_seconds=1800)
_SELECTORS = (
    ("items", "条目", "每条报道的外框；留空则自动识别列表"),
    ("title", "标题", "条目之内"),
    ("link", "链接", "条目之内"),
    ("time", "时间", "条目之内"),
    ("summary", "摘要", "条目之内，可不填"),
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the form was sent with: the source as entered and the button pressed."""

    source: Source
    action: Literal["save", "try"]


@st.cache_data(show_spinner=False)
def _regions() -> dict[str, str]:
    """Code → name: none, the province, its prefectures, its counties."""
    names = {"": "（无归属地）", divisions.YUNNAN: "云南省"}
    names |= {d.code: d.name for d in divisions.prefectures()}
    return names | {d.code: divisions.full_name(d.code).removeprefix("云南省") for d in divisions.counties()}


def ask(source: Source, *, key: str, check: Check, save_label: str, trying: bool = True) -> Submitted | None:
    """Draw the form for ``source``. Once a button is pressed: what was entered, if ``check`` has nothing against it.

    Otherwise each problem stands beside its field, and the form waits for the next try. ``trying``: offer 试抓一次.
    """
    slots: dict[str, DeltaGenerator] = {}

    def wrong(field: str, where: DeltaGenerator | None = None) -> None:
        slots[field] = (where or st).empty()

    with st.form(key, border=False):
        left, right = st.columns([3, 2])
        name = left.text_input("名称 *", source.name, key=f"{key}-name", max_chars=60)
        kind = right.selectbox(
            "类型",
            SOURCE_KINDS,
            SOURCE_KINDS.index(source.kind),
            format_func=KIND_CHOICES.__getitem__,
            key=f"{key}-kind",
            filter_mode=None,
        )
        wrong("name", left)
        url = st.text_input(
            "网址 *", source.url, key=f"{key}-url", placeholder="https://", help="可用 {YYYY} {MM} {DD} 代表当天日期"
        )
        wrong("url")
        first, second, third = st.columns(3)
        groups = list(SOURCE_GROUPS)
        group = first.selectbox("分组", groups, groups.index(source.group), key=f"{key}-group", filter_mode=None)
        outlet = second.text_input(
            "媒体名称", source.outlet, key=f"{key}-outlet", help="统计传播媒体数时按此名称；不填则同名称"
        )
        regions = _regions() | ({} if source.region in _regions() else {source.region: source.region})
        region = third.selectbox(
            "归属地",
            list(regions),
            list(regions).index(source.region),
            format_func=regions.__getitem__,
            key=f"{key}-region",
            help="媒体所在州市或县；报道只写乡镇名时据此判断地点",
        )
        first, second, third = st.columns(3)
        interval = first.number_input(
            "抓取间隔（分钟）", value=source.interval_seconds / 60, step=1.0, format="%.4g", key=f"{key}-interval"
        )
        cap = second.number_input(
            "最长间隔（分钟）",
            value=source.max_interval_seconds / 60,
            step=5.0,
            format="%.5g",
            key=f"{key}-cap",
            help="久无新报道时逐步放慢，但不超过此值；与抓取间隔相同则不放慢",
        )
        tiers = list(TIER_CHOICES)
        tier = third.selectbox(
            "可信等级",
            tiers,
            tiers.index(source.tier),
            format_func=TIER_CHOICES.__getitem__,
            key=f"{key}-tier",
            filter_mode=None,
        )
        wrong("interval_seconds", first)
        wrong("max_interval_seconds", second)
        first, second = st.columns([1, 2])
        condition = first.selectbox(
            "状况", CONDITIONS, CONDITIONS.index(source.condition), key=f"{key}-condition", filter_mode=None
        )
        note = second.text_input(
            "状况说明", source.condition_note, key=f"{key}-note", placeholder="已停更、受阻须写明原因"
        )
        wrong("condition")
        national = st.checkbox(
            "中央或全国性媒体、全国热榜（报道会提高警情级别）", source.national, key=f"{key}-national"
        )
        recipe = _ask_recipe(source, key=key, wrong=wrong)
        with st.container(horizontal=True):
            saved = st.form_submit_button(save_label, type="primary", key=f"{key}-save")
            tried = trying and st.form_submit_button("试抓一次", icon=":material/network_check:", key=f"{key}-try")
    if not (saved or tried):
        return None
    entered = replace(
        source,
        name=name.strip(),
        kind=kind,
        url=url.strip(),
        group=group,
        outlet=outlet.strip() or name.strip(),
        region=region,
        interval_seconds=round(interval * 60),
        max_interval_seconds=round(cap * 60),
        tier=tier,
        condition=condition,
        condition_note=note.strip(),
        national=national,
        recipe=recipe,
    )
    if problems := check(entered):
        _complain(problems, slots)
        return None
    return Submitted(entered, "save" if saved else "try")


def _complain(problems: Mapping[str, str], slots: Mapping[str, DeltaGenerator]) -> None:
    """Each problem beside its field, and all of them at the buttons, where the eye is."""
    for field, words in problems.items():
        if field in slots:
            slots[field].html(tag("div", words, class_="field-problem"))
    items = [tag("li", words) for words in problems.values()]
    st.html(tag("div", tag("p", "尚未保存，请修改："), tag("ul", *items), class_="problems", role="alert"))


def _ask_recipe(source: Source, *, key: str, wrong: Callable[[str, DeltaGenerator], None]) -> Recipe:
    """How the answer is read: selectors for a page, paths for JSON, the request itself."""
    recipe = source.recipe
    expander = st.expander("读取设置（网页选择器、JSON 路径、请求方式）")
    with expander:
        st.caption("网页填 CSS 选择器，例如 ul.list li；JSON 填路径，例如 data.list。订阅源不需要填写。")
        columns = st.columns(2)
        found: dict[str, str] = {}
        for number, (field, label, hint) in enumerate(_SELECTORS):
            found[field] = columns[number % 2].text_input(
                label, getattr(recipe, field), key=f"{key}-{field}", placeholder=hint
            )
            wrong(field, columns[number % 2])
        found["link_template"] = columns[1].text_input(
            "链接模板",
            recipe.link_template,
            key=f"{key}-template",
            placeholder="https://网站/文章/{id}",
            help="仅 JSON：用条目中的字段拼出链接",
        )
        wrong("link_template", columns[1])
        marker = columns[0].text_input(
            "起始标记", recipe.marker, key=f"{key}-marker", help="仅 JSON：数据藏在网页里时，数据之前的文字"
        )
        method = columns[1].selectbox(
            "请求方式", ("GET", "POST"), ("GET", "POST").index(recipe.method), key=f"{key}-method", filter_mode=None
        )
        body = st.text_area("请求正文（仅 POST）", recipe.body, key=f"{key}-body", height=68)
        wrong("body", expander)
        lines = "\n".join(f"{name}: {value}" for name, value in recipe.headers)
        headers = st.text_area("请求头（每行一项，形如 Referer: https://…）", lines, key=f"{key}-headers", height=68)
        wrong("headers", expander)
        follow = st.checkbox("打开每条新报道的原文，读取全文和发布时间", recipe.follow, key=f"{key}-follow")
    return Recipe(
        **{name: value.strip() for name, value in found.items()},
        marker=marker,
        method=method,
        body=body.strip() if method == "POST" else "",
        headers=read_headers(headers),
        follow=follow,
    )
