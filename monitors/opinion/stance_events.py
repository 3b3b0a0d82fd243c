"""What happened to the money, clause by clause (钱的去向): paid, paid in part, promised, ordered, or not paid.

A clause tells one event, the last verb of money in it. Chinese says "done" by aspect (了, 已, 全部) and by verbs that
hold their own result (领到, 结清); whoever promises, orders, hopes or asks tells of something that has not happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Happening = Literal["paid", "part", "promised", "ordered", "unpaid"]

_CLAUSE = re.compile("[^，。！？；：\n|]{1,200}")
_CLAUSES = 90  # read of one text, from its start; the last ones are always read
_TAIL = 30
_PAY = (
    "工资|工钱|薪|报酬|酬金|酬劳|劳务费|人工费|搬运费|血汗钱|辛苦钱|案款|执行款|补贴|绩效|奖金|课时费|加班费|欠款|款项|款|钱|提成|单费|"
    "生活费|清算款|账|[0-9一二两三四五六七八九十百千万几]元|[0-9一二两三四五六七八九十百千几]万"
)
# Verbs whose result is in them.
_RESULT = re.compile(
    "付清|结清|还清|清偿完毕|兑付|兑现|补齐|补上|补足|发清|结完|到账|到手|到位|领[到取回走齐了]|等来|领完|领款|拿[到回]|讨回|讨到|要回|要到|追回|追讨(?=[^，。]{0,12}[0-9])|追发|收到|收讫|"
    "(?:打|转|汇|存|交|送|捎|发|付|垫|补|还|结|数|支付|发放|补发|返还|退还)(?:到|进|入|给|来|回|了|上|清|完|齐|足|毕)(?!中院|高院|法院|群|网|朋友圈|电话|白条|欠条|市长|政府|大门|门口|什么|水漂|一?声|招呼|命令|书面|公告|通知|函|票|诉)|"
    "(?:打|转)(?:过来|款)|转账|执结|执行(?:完毕|到位)|履行(?:完毕|到位)|当场履行|签收|签字领|补发|清点|数清|按了?手印|摁了?手印|换成了|连本带利|钱到了|钱收到|案结事了|了结|结案|清零|有着落|回来了|平了|对平|划掉|和解撤诉|撤诉|撤回|握手言和|圆满解决|妥善解决|得到解决"
)
# Verbs that need a word for "done" beside them.
_PLAIN = re.compile(
    "支付|发放|补发|返还|退还|偿还|清偿|垫付|履行|结算|给付|付款|发还|解决|打款|转账|补偿|发薪|还款|还薪"
)
_DONE = re.compile(
    "已|了|全部|全额|足额|悉数|如数|一分不少|分文不少|当场|当天|当日|当晚|当面|当即|现场|终于|完毕|均|都(?!不|没|未)|昨天|昨日|昨晚|今天|日前|近日|目前|随后|次日|第二天|一次性|连同|连夜|最终|主动|[0-9]日(?:上午|下午|晚)?|[0-9]{1,2}月[0-9]{1,2}日(?!前|之前)"
)
_IRREALIS = re.compile(
    "承诺|答应|保证(?!金)|许诺|表示会|表态|将(?!拖|所|欠|被|其|[^，]{0,14}(?:打|转|汇|交|发|付|还)(?:到|入|进|给|清|了))|须|需要|应当|应该|应(?=[支予由向在于])|要求|责令|判令|判决(?!生效)|裁决(?!生效)|裁定|勒令|命令|限期|日内|天内|月内|之前|[日月底年节]前(?!领|拿|收|已|全|就|到|把|发到|补|打|结清|付清|拖|欠)|"
    "希望|盼|恳|请求|请(?=[求尽您你把给])|何时|什么时候|啥时|才能|如果|若(?!干)|一旦|万一|预计|计划|拟|分期|分批|督促|能否|能不能|可否|为了|确保|保障|推动|落实|按时|按月|每月|必须|不得|严禁|防止|争取|力争|以便|吗|怎么|如何|凭什么|建议|呼吁|号称|谎称|等[^，]{0,10}(?:再|就|后)|下个?月|明年|开春|还要"
)
_ORDER = re.compile(
    "判令|判决(?!生效)|责令|裁决(?!生效)|裁定|支付令|限期|勒令|应(?=[支予由向在于])|应当|须|日内|改正指令|维持(?:一审|原判)|判(?=[^，]{0,12}(?:支付|付|赔))|先行清偿|获[^，]{0,4}支持|予以支持|支付义务|一审支持"
)
_PROMISE = re.compile(
    "承诺|答应|保证(?!金)|将|分期|分批|[日天月]内|[日月底年节]前|预计|下个?月|计划|约定|协议|达成|协商|方案|表示|等"
)
_PART = re.compile(
    "部分|一半|只(?=[发给付拿领收见结有])|仅|才(?=[发给付拿领收结])|零零碎碎|一小|首批|首期|第一期|少数|个别|先[给发付](?!到|清|[^，]{0,8}(?:结清|付清))"
)
_NOT = "(?:没|未|不|无法|难以|拒|无|别|尚未|从未|迟迟)"
_UNPAID = re.compile(
    "拖欠|欠(?=[着了我他她们工薪款钱发付]|[0-9一二两三四五六七八九十])|被欠|欠薪|"
    f"{_NOT}[^，。]{{0,4}}?(?:给|发(?!现|生|展)|付|结(?!果|束)|领|拿|收到|到账|到位|兑|还|支付|见到|见过|着落|履行|算|提现|认账|音信|下文|回音)|分文|一分(?:未|没|也|都)|"
    "讨要|讨薪|追讨(?![^，。]{0,12}[0-9])|要工[钱资]|再[给结发付说](?![过次一])|不见了|找不[到着]人|哄|讨说法|要不[到回来]|要钱|催[要讨]|失联|跑路|联系不上|拉黑|逃匿|躲着|躲债|不接电话|白干|打水漂|打了?白条|压[着了下]|扣[着了下]|拖[着到了延]|卡住|空壳|没钱|没人管|推诿|推来推去|踢皮球|资金紧张|资金周转"
)
_NEGATED_DEBT = re.compile(
    "(?:不存在|没有|未(?:发现|发生|见)?|无|不|不再|杜绝|防止|避免|严禁|查处|根治|治理|整治|化解|打击|反映|举报|投诉|受理)[^，。]{0,6}$"
)
_MONEY = re.compile(_PAY)


@dataclass(frozen=True, slots=True)
class Event:
    """One clause's event; ``start`` and ``end`` of the telling words; ``about_pay``: money is named in the clause."""

    what: Happening
    start: int
    end: int
    about_pay: bool


def events(text: str) -> list[Event]:
    """The events a text tells, in order. Linear in the text's length."""
    clauses = list(_CLAUSE.finditer(text))
    if len(clauses) > _CLAUSES:
        clauses = clauses[: _CLAUSES - _TAIL] + clauses[-_TAIL:]
    return [event for clause in clauses for event in _told(text, clause.start(), clause.end())]


def _told(text: str, start: int, end: int) -> Iterator[Event]:
    clause = text[start:end]
    about = bool(_MONEY.search(clause))
    asked = text[end : end + 1] == "？"
    paid = _paid_verb(clause)
    unpaid = next(
        (m for m in _UNPAID.finditer(clause) if not _NEGATED_DEBT.search(clause[max(0, m.start() - 10) : m.start()])),
        None,
    )
    if paid is not None:
        at, stop, done = paid
        before, whole = clause[:at], clause
        unreal = _IRREALIS.search(whole)
        if re.search(f"{_NOT}[^，。]{{0,5}}$", before):
            yield Event("unpaid", start + at, start + stop, about)
            return
        if unreal or asked:
            kind: Happening = "ordered" if _ORDER.search(whole) else "promised"
            yield Event(kind, start + at, start + stop, about)
        elif done:
            # "拖欠的工资结清了": the debt named is the one that was paid
            yield Event("part" if _PART.search(whole) else "paid", start + at, start + stop, about)
            return
        elif _ORDER.search(whole):
            yield Event("ordered", start + at, start + stop, about)
    elif _ORDER.search(clause) and about:
        yield Event("ordered", start, end, about)
    if unpaid is not None:
        yield Event("unpaid", start + unpaid.start(), start + unpaid.end(), about)


def _paid_verb(clause: str) -> tuple[int, int, bool] | None:
    """(start, end, done) of the clause's last verb of paying."""
    best: tuple[int, int, bool] | None = None
    for match in _RESULT.finditer(clause):
        best = (match.start(), match.end(), True)
    for match in _PLAIN.finditer(clause):
        if best is None or match.start() >= best[1]:
            best = (match.start(), match.end(), bool(_DONE.search(clause)))
    return best
