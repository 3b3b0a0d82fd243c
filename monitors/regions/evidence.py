"""What lets a bare name of Yunnan speak for itself, and what shows that its characters belong to other words.

Nothing here lists places: a name is believed by how many namesakes the country's gazetteer holds and by the frame it
stands in. Pure functions over a text and two offsets.
"""

from __future__ import annotations

import re
from typing import Final

from monitors.regions.contexts import stands_alone
from monitors.regions.names import FEW_RIVALS, Reading

# Above this a name is called too often elsewhere (古城, 河口, 西山) for any frame to tell which one is meant.
_MANY_RIVALS: Final = 6

# Everyday words whose last character begins a name of Yunnan: 确保|山区 holds no 保山, 城镇|雄 no 镇雄.
# fmt: off
_WORDS: Final = frozenset((
    "确保", "环保", "社保", "医保", "低保", "参保", "投保", "劳保", "担保", "质保", "联保", "安保", "承保", "文保",
    "城镇", "乡镇", "古镇", "小镇", "集镇", "村镇", "重镇", "坐镇", "幸福", "造福", "祝福", "谋福", "赐福", "享福",
    "社会", "机会", "工会", "大会", "协会", "议会", "都会", "学会", "商会", "聚会", "盛会", "晚会", "峰会", "委会",
    "适宜", "便宜", "事宜", "相宜", "不宜", "大陆", "登陆", "内陆", "着陆", "背景", "风景", "前景", "场景", "情景",
    "夜景", "美景", "愿景", "全景", "来宾", "嘉宾", "贵宾", "迎宾", "外宾", "壮丽", "秀丽", "亮丽", "绮丽", "山丘",
    "沙丘", "土丘", "品德", "道德", "公德", "美德", "医德", "师德", "充盈", "丰盈", "轻盈", "宝玉", "美玉", "白玉",
    "愤怒", "发怒", "恼怒", "广大", "措施", "实施", "设施", "技巧", "碰巧", "恰巧", "精巧", "灵巧", "凑巧", "桥梁",
    "栋梁", "脊梁", "房梁", "人马", "牛马", "兵马", "上马", "下马", "战马", "赛马", "面临", "光临", "濒临", "来临",
    "莅临", "降临", "思维", "运维", "纤维", "清楚", "苦楚", "口红", "网红", "启迪", "奥迪", "宝剑", "刀剑", "荡漾",
))
# fmt: on
# 美丽|江南, but 最美|丽江, 大美|丽江.
_BEAUTY = re.compile(r"(?<![最大醉更真绝])美丽江|美丽江[山南]")
# 大理|上: what stands "on" a bare name and is said is no place.
_LOCALISER = re.compile(r"上(?=[说讲看来是也都就不没得])")
_KINSHIP = re.compile(r"[姐哥叔姨嫂](?![告弟妹])")
_SPEAKER = re.compile(
    r"(?:说|称(?![,，])|表示|坦言|告诉|介绍|领衔|先生|女士|老师|师傅|本人|自己|等人|[姐哥叔姨嫂](?![告弟妹]))"
)
# A suffix that is not the name's own: 越南广南省.
_OTHER_SUFFIX = re.compile(r"省")

LABOUR: Final = re.compile(
    r"薪|工资|工钱|劳动报酬|血汗钱|打工|务工|民工|做工|工人|员工|结账"
    r"|师傅|工友|班组|工头|欠条|酬劳|底薪|提成|手工钱|[搬装打帮零杂女采船]工|学徒|后厨|导购|骑手"
)
_PLACE_OF_WORK: Final = (
    r"(?:厂|工地|矿|项目|工程|标段|楼盘|小区|冷库|仓库|[养牧林农茶石砂料]场|养殖|种植|搅拌站|电站|加油站|收费站|水库|公路|高速|隧道|"
    r"桥|路|学校|小学|中学|幼儿园|医院|酒店|饭店|宾馆|客栈|民宿|餐馆|餐厅|酒楼|饭馆|商场|超市|门店|合作社|基地|"
    r"[果茶菜葡石]园|葡萄园|园区|物流园|庄园|景区|安置[房点]|公司|企业|作坊|车间|施工|建筑|冷链|货场|码头|机场|窑|售楼部|"
    r"站点|会所|工人|农民工|民工|男子|女子)"
)
_QUIET = r"[^，。；：！？、\s在是了被将把和与向对说称叫]"
# 罗平某水泥厂, 文山一家三七烘干厂, 通海一蔬菜冷库; 一号工程 and 一体化 count nothing.
_COUNTED = re.compile(
    rf"(?:某|[一两二三四五六几多](?![号期中线体流带样般直起些度时旦点下定])|\d{{1,3}})(?:多?[家处个座名所条支位])?{_QUIET}{{0,12}}?{_PLACE_OF_WORK}"
)
_OFFICE = re.compile(
    r"(?:人社|人力资源|劳动监察|清欠|治欠|警方|法院|检察院|公安|住建|信访|总工会|县城|城区|城郊|当地|境内|古城|古镇|老街)"
)
_AT_WORK = re.compile(rf"的?{_QUIET}{{0,8}}?{_PLACE_OF_WORK}")
_LOCATIVE: Final = frozenset("从在到去克赴于回来抵")


def straddled(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` takes its first character from an everyday word: 确|保山|区, 美|丽江|南."""
    if not start:
        return False
    if text[start - 1 : start + 1] in _WORDS:
        return True
    return text.startswith("丽江", start) and bool(_BEAUTY.search(text, max(0, start - 2), end + 1))


def said(text: str, end: int, *, firm: bool) -> bool:
    """Whether the words behind make the name a person's or a saying's: 瑞丽姐, 罗平说, 大理上说得过去."""
    return bool(_LOCALISER.match(text, end) or (_KINSHIP if firm else _SPEAKER).match(text, end))


def with_town(text: str, end: int, reading: Reading) -> bool:
    """Whether a township of the county's own follows its name: 华宁|盘溪."""
    return bool(reading.towns) and text.startswith(reading.towns, end)


def speaks_for_itself(text: str, start: int, end: int, reading: Reading, *, labour: bool) -> bool:
    """Whether a bare name that is not firm may stand without another place of Yunnan in the report.

    ``labour``: the report speaks of work and wages; without that only a name alone in the country, or one followed by
    a township of its own, is believed.
    """
    if not stands_alone(text, start) or said(text, end, firm=False) or _OTHER_SUFFIX.match(text, end):
        return False
    if reading.trust == "lone" or with_town(text, end, reading):
        return True
    if not labour or reading.rivals > _MANY_RIVALS:
        return False
    if _COUNTED.match(text, end) or _OFFICE.match(text, end):
        return True
    located = start > 0 and text[start - 1] in _LOCATIVE
    at_work = bool(_AT_WORK.match(text, end))
    return (located and at_work) or (reading.rivals <= FEW_RIVALS and (located or at_work))
