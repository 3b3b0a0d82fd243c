"""What the characters around a name say about it: not a place at all, or a place that is not where the matter happened.

Pure functions over a text and two offsets. A refusal or demotion is returned with its reason, in Chinese, fit for a
screen.
"""

from __future__ import annotations

import re
from typing import Final

from monitors.regions.voting import Standing

# The hundred commonest surnames less those that are everyday words before a place (于, 向, 和, 从, 由, 时, 万, 方…).
_SURNAMES: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱林郭何罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁余叶蒋杜苏魏吕丁沈"
    "姚卢傅钟崔汪范廖陆贾夏邹熊孟秦邱侯阎薛尹段雷黎史龙陶贺顾毛郝龚邵严孔郑钱汤武戴莫赖钮岳裴樊"
    "凌霍虞柯温洪"
)
# Words that end in a surname and stand before a place: 祝贺昆明, 今夏丽江.
# fmt: off
_NOT_SURNAMES: Final = frozenset((
    "祝贺", "今夏", "初夏", "盛夏", "华夏", "宁夏", "回顾", "照顾", "历史", "森林", "园林", "路段",
    "时段", "阶段", "地段", "河段", "高温", "气温", "降温", "恒温", "地雷", "打雷", "合龙", "港龙",
    "农田", "稻田", "良田", "油田", "北魏", "西汉", "茶叶", "树叶",
))
# fmt: on
_NUMERALS: Final = frozenset("0123456789０１２３４５６７８９一二两三四五六七八九十百千万亿几多某每各这那整数半")
_BOUNDARY: Final = frozenset(
    "在到从赴去克涉距离往至于由经对给向为是了的与和及或等称据当原 　，。、；：:！？!?"
    "“”\"'‘’《》〈〉【】「」『』()（）[]—-－～~·|/#\n\r\t"
)

DATELINE: Final = "电头"

_ROAD = re.compile(
    r"[东西南北中]?[一二三四五六七八九十]?(?:路(?![况面段上边网人政灯障线局警口费基桥])|街(?![头道坊区上边])|巷(?!道)|大道|大街)"
)
_PART_OF_NAME_FIRM = re.compile(
    r"(?:镇(?![上里])|乡(?![村镇下亲里间民党])|村(?![民镇里支委干级寨庄官])|街道|湖(?!边)|舰|级驱逐|级护卫|号(?!召))"
)
_PART_OF_NAME = re.compile(
    r"(?:.?(?:村(?![民镇里支委干级寨庄官])|镇(?![上里]))|乡(?![村镇下亲里间民党])|[寨屯庄沟岭湾港岛湖河江山桥寺庙祠塔堂洞峡潭泉]|街道|社区|小区|大厦|花园|酒店|饭店|宾馆|餐厅|山庄|大学|学院|证券|集团|股份)"
)
# Named after the county it mostly lies in; elsewhere it is only a name. Counts where the prefecture is spoken of.
_NAMESAKE = re.compile(r"(?:水库|大桥|中学|小学|医院)")
_PRODUCT = re.compile(
    r"(?:茶|火腿|米线|咖啡豆|香?烟(?!花|草局)|苹果(?!手机)|三七|菜(?!市|场)|小吃|紫陶|饵丝|饵块|洋芋|松茸|乳扇|斑铜)"
)
# A name whose last character begins another word: 大|理论, 安迪|庆生, 赖清德|钦点.
_RUNS_ON: Final = {
    "大理": "论想念由性智解赔疗财",
    "迪庆": "生祝典功贺幸",
    "德钦": "点佩差",
    "安宁": "静",
    "保山": "寨",
    "会泽": "福",
    "宣威": "慑",
    "大关": "口键卡",
    "建水": "厂库渠利电池塔沟泵窖泥",
    "开远": "光程洋航",
}

_RUNS_IN: Final = {"大理": "重伟宏远最强高扩放增恒两三四五六七八九十几"}

_ORIGIN_AFTER = re.compile(
    r"[省市州县区]?(?:籍|户籍|人(?![民社力才大事员口均工行和注速请])|(?:的)?(?:(?:外出|籍)?(?:农民工|民工|务工人员|打工人员|务工者|打工者|务工人|打工人|工人|劳务工)"
    r"(?!工资|权益|实名|专户|工作|服务|综合|保证金|欠薪|治|返乡|就业|总|群体|维权|文化|代表|讨薪难|法律)|老乡|老家|小伙|汉子|妹子))"
)
# 云南曲靖一男子在上海工地受伤: where somebody is from, then where it happened.
_PERSON_AFTER = re.compile(
    r"(?:[一某两几多]|\d{1,9})?[名位对]?(?:男子|女子|小伙|夫妻|夫妇|村民|老人|农民工|民工|工人|务工人员)[^，。；\n]{0,4}?"
    r"(?:在|赴|去|到|远赴|前往)(?![工当某一家县城村项现建场外])"
)
_RESIDENCE_BEFORE = re.compile(r"(?:^|[，。、；：,;:\s])(?:现|暂|家)?(?:住|居住)(?:址[为是：:]?|在)?$")
_ORIGIN_BEFORE = re.compile(
    r"(?:来自|祖籍|原籍|籍贯[为是在:：]?|老家(?:在|是)?|户籍(?:地|所在地)?[为是在:：]?|户口所在地[为是:：]?|出生于|出生在|生于|毕业于|家乡在?)(?:[^，。；\n]{0,2})$"
)
# Where a firm is entered in the register or keeps its office, not where its workers work.
_SEAT_BEFORE = re.compile(
    r"(?:注册(?:地址?|所在地)?|登记(?:地址?|住所)|住所地?|办公(?:地[点址]?|场所)|通讯地址|公司地址)(?:位于|设在|登记在|[为是在于:：])?$"
)
_COMPANY = re.compile(
    r"(?![一某两三几多该当本有])[省市州县区]?[^\s，。、；：:！？“”\"《》【】在的被将把了是及与向由从对]{0,20}?(?:有限责任公司|有限公司|公司|集团|事务所|商行|合作社|工程处|项目部|银行|证券|信用社)"
)
_OUTLET = re.compile(
    r"[省市州县区]?(?:日报|晚报|早报|晨报|都市报|时报|信息港|信息报|法制报|政协报|网讯|网(?![红友络点格上约课购民店吧])|(?:广播)?电视台|广播|融媒|传媒|微博|公众号|视频号|新闻(?!发布)|卫视|发布(?=[”」】微客消讯账公])|讯)"
)
_DATELINE_BEFORE = re.compile(r"(?:网|社|报|讯|新闻|电)\s{0,8}$")
_DATELINE_AFTER = re.compile(r"(?:市|省)?\s?(?:\d{1,2}\s?月\s?\d{1,2}\s?日|[电讯](?:\s|（|\())")
_INSTITUTION = re.compile(
    r"[省市州县区]?[\u4e00-\u9fff]{1,14}?(?:大学|学院|研究院|研究所|设计院|勘察院|调查局|中心|医院|分局)"
)
_BIG_HOUSE = re.compile(r"(?:大酒店|大饭店|大厦)")
_REPORTED_AFTER = re.compile(r"(?:市|省)?(?:报道|消息)")
_ROUTE_BEFORE = re.compile(r"(?:开往|飞往|直飞|途经|途径|运往|逃往|逃至|潜逃至|发往|销往|返回|重返|回到|飞|抵|[距离])$")
_SITE_BEFORE = re.compile(r"(?:位于|坐落于|坐落在|地处|承建的?|施工的|(?<![现正存])在)$")
_SITE_AFTER = re.compile(
    r"[^，。；！？\n]{0,16}?(?:项目|工地|工程(?!有限|公司|师|款)|标段|小区|楼盘|安置房|安置点|高速公路|在建|施工)"
)
# What stands behind, what stands ahead, the weight left, how it may still vote, and why. The first that fits decides.
_DEMOTIONS: Final[tuple[tuple[re.Pattern[str] | None, re.Pattern[str] | None, float, Standing, str], ...]] = (
    (_ORIGIN_BEFORE, None, 0.12, "origin", "籍贯或来处，不是事发地"),
    (_SEAT_BEFORE, None, 0.12, "home", "企业注册地或办公地，不是事发地"),
    (_RESIDENCE_BEFORE, None, 0.3, "home", "住址，不一定是事发地"),
    (None, _PERSON_AFTER, 0.3, "origin", "当事人来处，不是事发地"),
    (None, _ORIGIN_AFTER, 0.12, "origin", "籍贯或来处，不是事发地"),
    (None, _OUTLET, 0.08, "hard", "媒体名称"),
    (None, _COMPANY, 0.15, "hard", "企业名称，不是项目所在地"),
    (_DATELINE_BEFORE, _DATELINE_AFTER, 0.3, "hard", DATELINE),
    (None, _REPORTED_AFTER, 0.3, "hard", DATELINE),
    (None, _BIG_HOUSE, 0.3, "hard", "楼宇酒店名称"),
    (None, _INSTITUTION, 0.6, "plain", "机构名称"),
    (None, _PRODUCT, 0.15, "hard", "物产名称"),
    (_ROUTE_BEFORE, None, 0.3, "origin", "去向，不是事发地"),
)
WAGE_WORDS = re.compile(r"欠薪|拖欠|讨薪|工资|劳动报酬|工钱|血汗钱|薪资|薪酬|务工|农民工|民工")


def refusal(text: str, start: int, end: int, *, firm: bool, joined: bool, followed: bool) -> str:
    """Why a bare name at ``text[start:end]`` is not a place, or ``""``.

    ``firm``: the name alone would be believed. ``joined``, ``followed``: another name ends where it begins, or begins
    where it ends.
    """
    before, after, surface = text[start - 1 : start], text[end : end + 8], text[start:end]
    if _ROAD.match(after):
        return "道路名"
    if not firm and ((before and before in "·•・") or after[:1] in ("·", "•", "・")):
        return "译名的一部分"
    if joined:
        return ""
    if before in _SURNAMES and len(surface) == 2 and text[max(0, start - 2) : start] not in _NOT_SURNAMES:
        return f"人名（姓{before}）"
    if surface == "个旧" and before in _NUMERALS:
        return "数量词"
    runs_on = bool(after) and after[0] in _RUNS_ON.get(surface, "")
    runs_in = bool(before) and before in _RUNS_IN.get(surface, "")
    part = not followed and (_PART_OF_NAME_FIRM if firm else _PART_OF_NAME).match(after)
    return "其他词语的一部分" if runs_on or runs_in or part else ""


def namesake(text: str, end: int) -> bool:
    """Whether something that is named after its county follows (水库, 中学)."""
    return bool(_NAMESAKE.match(text, end))


def inside_name(text: str, start: int) -> bool:
    """Whether a place seems to begin two characters after a surname (赖清德|钦点); it needs other places."""
    return (
        start > 1
        and text[start - 2] in _SURNAMES
        and text[start - 1] not in _BOUNDARY
        and text[start - 1] not in _NUMERALS
    )


def stands_alone(text: str, start: int) -> bool:
    """Whether a name begins where a word may begin: at the edge, after punctuation or after a preposition."""
    return start == 0 or text[start - 1] in _BOUNDARY


def demotion(text: str, start: int, end: int) -> tuple[float, Standing, str]:
    """Weight, standing and reason where ``text[start:end]`` (a whole address) is named but is not where it happened."""
    before, after = text[max(0, start - 10) : start], text[end : end + 26]
    for behind, ahead, factor, standing, reason in _DEMOTIONS:
        if (behind is None or behind.search(before)) and (ahead is None or ahead.match(after)):
            return factor, standing, reason
    return 1.0, "plain", ""


def site(text: str, start: int, end: int) -> bool:
    """Whether the words around say that something is built or happens there."""
    return bool(_SITE_BEFORE.search(text[max(0, start - 4) : start]) or _SITE_AFTER.match(text[end : end + 24]))
