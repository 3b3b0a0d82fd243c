"""Numbers that lead to a person (个人号码): where they stand and which of their characters to cover. Pure.

Works on ``normalise.fold``-ed text, which has the length of the original, so positions need no way back. Offices' lines
(0871-67195055, 12333, 12345, 400-…) are there to be called and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """Something personal at ``text[start:end]``; ``covered`` are the positions whose characters must not be shown."""

    start: int
    end: int
    kind: str
    covered: tuple[int, ...]


# Figures written to escape notice: 一三八…, 壹叁捌…, ①③⑧…. Folding has already made ０–９ plain.
_FIGURES = str.maketrans(
    "〇○零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖⓪①②③④⑤⑥⑦⑧⑨", "0001234567891123456789" + "0123456789"
)
_INVISIBLE = "\u200b-\u200f\u2060\ufeff\u00ad"
_S = rf"[ \-.·•_~*，{_INVISIBLE}]{{1,2}}"
_T = rf"[ \-.·•_~*，、/|{_INVISIBLE}]{{1,3}}"
_MOBILE = re.compile(
    r"(?<![0-9])(?:(?:\+|00)?86[ \-]{0,2})?(?P<number>1[3-9](?:"
    rf"[0-9]{{9}}|[0-9]{_S}[0-9]{{4}}{_S}[0-9]{{4}}|[0-9]{_S}[0-9]{{8}}|[0-9]{{5}}{_S}[0-9]{{4}}"
    rf"|[0-9]{_S}[0-9]{{3}}{_S}[0-9]{{5}}|[0-9]{{2}}{_S}[0-9]{{3}}{_S}[0-9]{{4}}|[0-9]{{3}}{_S}[0-9]{{6}})|1{_T}[3-9](?:{_T}[0-9]){{9}})(?![0-9])"
)
_SPELT = re.compile(r"1[3-9][0-9]{9}")
# 138亿 written out, a share count, a decimal: a quantity is nobody's number.
_QUANTITY_AFTER = re.compile(r" ?(?:元|万|亿|股|吨|块|美元|平方|公里|千瓦|立方|户|人|[.][0-9]|[a-z_]{3})")
_MONEY_BEFORE = re.compile(r"[¥￥$€]\s?$")
_IN_ADDRESS = re.compile(r"[a-z0-9%][/=_%&#.?\-]$|[/_]$")
_CALLED = re.compile(r"(?:^|[^a-z])(?:tel|phone|mobile|mob|vx|wx|v|qq|weixin|wechat|dh|sj|call)[=:.： \-]{0,2}$")
_IDENTITY = re.compile(
    r"(?<![0-9a-z])[1-8][0-9]{5}[ \-]?(?:18|19|20)[0-9]{2}[ \-]?(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"[ \-]?[0-9]{3}[0-9x](?![0-9a-z])"
)
_IDENTITY_NAMED = re.compile(
    r"(?:身份证|证件|公民身份)(?:件)?(?:号码?|号)?(?:为|是)?[：\s(]{0,3}(?P<number>[0-9]{17}[0-9x]|[0-9]{15})(?![0-9a-z])"
)
_IDENTITY_WORD = re.compile(r"身份证|证件号|身份号")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD = re.compile(r"(?<![0-9a-z])(?:[0-9]{16,19}|[0-9]{4}(?:[ \-][0-9]{4}){3}(?:[ \-]?[0-9]{1,3})?)(?![0-9a-z])")
_CARD_WORD = re.compile(
    r"银行卡|工资卡|储蓄卡|卡号|账号|帐号|账户|帐户|收款|打到|打在|转到|汇到|存折|[农工建中交]行|信用社|邮储"
)
_FIRM_ACCOUNT = re.compile(r"对公|专户|专用账户|公司|单位|企业|财政")
_LANDLINE = re.compile(r"(?<![0-9a-z])\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?[ \-]{0,2}(?P<local>[2-8][0-9]{6,7})(?![0-9])")
_HOME_LINE = re.compile(
    r"(?:家庭|住宅|宅|家里|家中|我家)(?:固定)?电话[：:是为 ]{0,2}(?P<local>[2-8][0-9]{6,7})(?![0-9])"
)
_PRIVATE = re.compile(
    r"本人|我(?:的|们)?(?:家|电话)|家庭|家里|住宅|宅电|工友|农民工|工人|民工|务工|投诉人|举报人|反映人|求助|来电人|当事人|来访人"
)
_OFFICE = re.compile(
    r"局|办公|处|中心|热线|公司|服务|咨询|客服|投诉电话|举报电话|监督|值班|政府|委|队|法院|检察院|医院|学院|所|馆|站|报社|记者|平台|公布|拨打|大厅"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-z][\s·•・.\-]?"
    r"(?P<serial>(?=[a-z0-9]{0,3}[0-9][a-z0-9]{0,3}[0-9])"
    r"[a-hj-np-z0-9]{5,6}|[a-hj-np-z0-9]{4}[挂学])(?![a-z0-9])"
)
_NO_PLATE_BEFORE = re.compile(r"[创更最全刷翻革里阿腾华白百风北南东]$")
_MAIL = re.compile(
    r"(?<![a-z0-9._%+\-])(?P<name>[a-z0-9][a-z0-9._%+\-]{1,39})@(?P<host>[a-z0-9\-]+(?:\.[a-z0-9\-]+){1,3})"
)
_PRIVATE_HOST = re.compile(
    r"(?:vip\.)?(?:qq|163|126|139|189|188|yeah|sina|sohu|foxmail|gmail|outlook|hotmail|live|yahoo|icloud|aliyun|21cn|tom|wo|msn)\.(?:com|net|cn|com\.cn)"
)
_PUBLIC_BOX = re.compile(
    r"投稿|举报|投诉|官方|公司|服务|客服|征集|公开|信访|监督|报名|爆料|报料|新闻|受理|信箱|编辑|主持|来信|版"
)
_HANDLE = re.compile(
    r"(?:微信|威信|薇信|v信|(?<![a-z0-9])(?:vx|wx|weixin|wechat))(?!公众|小程序|群聊|搜)(?:号码?|帐号|账号|id)?(?:同号)?(?:为|是)?[：:\s]{0,2}"
    r"(?P<number>[a-z][a-z0-9_\-]{5,19})(?![a-z0-9])"
)
_PUBLIC_HANDLE = re.compile(r"公众|报料|爆料|新闻|官方|客服|投稿|公司|线索|热线|关注|订阅|媒体|搜索")
_QQ = re.compile(
    r"(?:(?<![a-z])qq|扣扣|企鹅号)(?:群)?(?:号码?|号)?(?:为|是)?[：:\s]{0,2}(?P<number>[1-9][0-9]{4,10})(?![0-9a-z@_]|[\-.][0-9a-z])"
)
_PASSPORT = re.compile(
    r"(?:护照|通行证)(?:号码?|号)?(?:为|是)?[：:\s]{0,2}(?P<number>[a-z][a-z]?[0-9]{7,8})(?![0-9a-z])"
)


def find(folded: str) -> list[Found]:
    """Every personal number in comparable text, in order, none overlapping another."""
    kept: list[Found] = []
    taken: set[int] = set()
    for found in _all(folded):
        span = range(found.start, found.end)
        if found.covered and taken.isdisjoint(span):
            taken.update(span)
            kept.append(found)
    kept.sort(key=lambda one: one.start)
    return kept


def _all(text: str) -> Iterator[Found]:
    """The longest kinds first: a card number holds figures that would pass for a telephone's."""
    if any(c in "0123456789" for c in text):
        yield from _identities(text)
        yield from _cards(text)
        yield from _mobiles(text)
        yield from _landlines(text)
        yield from _plates(text)
        for match in _QQ.finditer(text):
            yield _of(text, match.span("number"), "QQ号", keep=(2, 2))
        for match in _PASSPORT.finditer(text):
            yield _of(text, match.span("number"), "证件号", keep=(1, 2))
    yield from _spelt(text)
    if "@" in text:
        yield from _mails(text)
    for match in _HANDLE.finditer(text):
        if not _PUBLIC_HANDLE.search(text[max(0, match.start() - 14) : match.start()]):
            yield _of(text, match.span("number"), "微信号", keep=(1, 1))


def _of(text: str, span: tuple[int, int], kind: str, *, keep: tuple[int, int]) -> Found:
    """``keep`` letters and figures stay at the front and at the end; what parts them stays everywhere."""
    start, end = span
    places = [at for at in range(start, end) if text[at].isalnum()]
    return Found(start, end, kind, tuple(places[keep[0] : len(places) - keep[1]]))


def _identities(text: str) -> Iterator[Found]:
    for match in _IDENTITY_NAMED.finditer(text):
        yield _of(text, match.span("number"), "身份证号", keep=(6, 2))
    for match in _IDENTITY.finditer(text):
        named = _IDENTITY_WORD.search(text, max(0, match.start() - 24), match.start())
        if named or _has_check_digit(match.group()):
            yield _of(text, match.span(), "身份证号", keep=(6, 2))


def _has_check_digit(written: str) -> bool:
    """GB 11643: the weighted sum of the first 17 figures, modulo 11, gives the last character."""
    characters = [c for c in written if c.isalnum()]
    total = sum(int(c) * weight for c, weight in zip(characters, _WEIGHTS, strict=False))
    return "10x98765432"[total % 11] == characters[17]


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()]
        if _FIRM_ACCOUNT.search(before):
            continue
        digits = [int(c) for c in match.group() if c.isdigit()]
        named = bool(_CARD_WORD.search(before))
        if (_luhn(digits) and (named or digits[:2] == [6, 2])) or (named and _CARD_WORD.search(before[-6:])):
            yield _of(text, match.span(), "银行卡号", keep=(4, 4))


def _luhn(digits: Iterable[int]) -> bool:
    total = 0
    for place, digit in enumerate(reversed(list(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _mobiles(text: str) -> Iterator[Found]:
    for match in _MOBILE.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if _QUANTITY_AFTER.match(text, match.end()) or _MONEY_BEFORE.search(before):
            continue
        inside = (before[-1:].isascii() and before[-1:].isalpha()) or bool(_IN_ADDRESS.search(before))
        if inside and not _CALLED.search(before):
            continue  # a page's number or a checksum, unless the letters before it say that it is called
        yield _of(text, match.span("number"), "手机号", keep=(3, 4))


def _spelt(text: str) -> Iterator[Found]:
    plain = text.translate(_FIGURES)
    if plain == text:
        return
    for match in _MOBILE.finditer(plain):
        written = text[match.start("number") : match.end("number")]
        if written != plain[match.start("number") : match.end("number")] and not _QUANTITY_AFTER.match(
            plain, match.end()
        ):
            yield _of(plain, match.span("number"), "手机号", keep=(3, 4))


def _landlines(text: str) -> Iterator[Found]:
    for match in _LANDLINE.finditer(text):
        before = re.split("[。；！？\n]", text[max(0, match.start() - 24) : match.start()])[-1]
        if _PRIVATE.search(before) and not _OFFICE.search(before):
            yield _of(text, match.span("local"), "固定电话", keep=(2, 2))
    for match in _HOME_LINE.finditer(text):
        yield _of(text, match.span("local"), "固定电话", keep=(2, 2))


def _plates(text: str) -> Iterator[Found]:
    for match in _PLATE.finditer(text):
        if not _NO_PLATE_BEFORE.search(text[max(0, match.start() - 1) : match.start()]):
            start, end = match.span("serial")
            yield Found(
                match.start(), match.end(), "车牌号", tuple(at for at in range(start, end) if text[at].isascii())
            )


def _mails(text: str) -> Iterator[Found]:
    for match in _MAIL.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        own = _PRIVATE.search(before) or _PRIVATE_HOST.fullmatch(match["host"])
        if own and not match["host"].endswith("gov.cn") and not _PUBLIC_BOX.search(before):
            yield _of(text, match.span("name"), "邮箱", keep=(1, 0))
