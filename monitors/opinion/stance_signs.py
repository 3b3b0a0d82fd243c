"""Signs of where a matter stands (进展的征兆): named features of a report, 0…1 each, weighed by ``stance_model``.

Who speaks, what happened to the money last, what is only promised or ordered, who is thanked or begged; rules, counts
and denials beside it. None of them decides alone.
"""

from __future__ import annotations

import re

from monitors.opinion.mentions import FIRM, Reading
from monitors.opinion.stance_events import Event, events

_LEAD = 60
_SQUEEZE = 3.0
_LONG = 400

_FIRST = re.compile("我们|咱|俺|我(?!国|省|市|县|州|区|局|院|校|镇|乡|厅|委|街道)|本人|大家伙")
_YOU = re.compile("您|你们|领导|求转|求助|恳请|恳求|跪求|求求|帮帮|请问|做主|关注一下|叫人怎么|@")
_THANKS = re.compile(
    "感谢|谢谢|锦旗|表扬|点赞|致谢|道谢|感激|笑脸|笑了|握手|橙子|鞠躬|放下心|踏实|撤诉|撤销投诉|撤了吧|撤回|满意|👍"
)
_COURT = re.compile("法院|法官|法庭|判决|一审|二审|中院|仲裁|执行干警|庭审|原告|被告")
_JUDGED = re.compile(
    "判决|判令|判(?=[^，。]{0,10}(?:支付|付|赔))|裁决|裁定|一审|二审|维持原判|支付令|审结|胜诉|法院认为|法院认定|依法支持|不予支持|裁判"
)
_AGREED = re.compile(
    "调解书|调解协议|和解|达成[^，。]{0,8}(?:协议|一致|方案)|最终方案|分[0-9一二两三四五六]{1,3}[期次批]|协商一致"
)
_ENFORCED = re.compile("被执行人|强制执行|执行款|案款|执行干警|执行法官|执行局|冻结|查封|扣押|终本")
_CRIME = re.compile("刑拘|刑事拘留|批捕|逮捕|移送公安|公安机关|犯罪嫌疑|获刑|有期徒刑|拘役|拒不支付劳动报酬")
_PROBE = re.compile("立案|介入|调查(?!问卷)|核实|督促|协调|约谈|正在|进一步|侦[办查]|工作专班|联合调查组")
_MEDIATED = re.compile("调解|协调|法律援助|法援|工会|检察|劳动监察|人社|司法所|派出所|民警|执行")
_ANSWER = re.compile("回应|答复|回复|通报|声明|辟谣|来信收悉|收悉|公告|公示|告知|情况说明")
_DENIAL = re.compile(
    "不属实|不实|谣言|谣传|否认|不存在|未拖欠|没有拖欠|无拖欠|并非|从未|均已按|按时足额|足额按时|恶意编造|造谣|与[^，。]{0,6}无关|两清|无劳动关系|系工程款|经济纠纷|是工程款"
)
_EMPLOYER = re.compile(
    "(?:公司|企业|老板|厂方|厂家|园区|店方|酒店|负责人|经理|工厂|矿方|中介|机构|集团|剧方|医院)(?:[^，。！？；]{0,4})?(?:回应|否认|声明|辟谣|喊冤)"
)
_CLEAN = re.compile("(?:未|无一|没有)(?:发现|发生|出现|见|拖欠)|无欠薪|零欠薪|零拖欠")
_RULES = re.compile(
    "条例|办法|细则|规定|制度|机制|方案|意见|新规|立法|政策|举措|措施|试点|专项行动|部署|推进会|工作会|会议|强调|要求各|印发|出台|落实|压实|源头|治理|整治|根治|攻坚|排查|督查|督导|检查|宣传|宣讲|解读|培训|承诺书|保证金|专户|实名制|平台上线|监控|预警|倡议|建议|提案|代表|委员|调研|考核|白皮书"
)
_ADVICE = re.compile(
    "怎么办|怎么告|如何|怎样|能否|行不行|吗[？,，]|教你|一图|一张图|提醒|案例|普法|说法|解读|评论|谁来|为什么|注意|支招|规则"
)
_CASES = re.compile(
    "案例|典型|发布[^，。]{0,10}案|案件[0-9]|案例[一二三四五六]|公布[^，。]{0,10}(?:案|名单|违法)|黑名单|失信|名单"
)
_COUNTS = re.compile(
    "同比|累计|截至|今年以来|上半年|前[一二三四五六七八九十0-9]{1,2}个?月|全[国省市州县区]|[0-9]{2,9}[件起条](?!数)|新收|受理[^，。]{0,14}[件起条]"
)
_RECOVERED = re.compile(
    "(?:为|帮助?|助|让|替)[^，。！？]{0,18}(?:人|民工|职工|员工|劳动者|工人|务工)[^，。！？]{0,12}(?:追回|追讨|讨回|追发|追缴|挽回|要回|领到|拿到|执行到位)|(?:追回|追讨|追发|讨回)[^，。！？]{0,12}(?:工资|欠薪|薪|劳动报酬)[^，。]{0,4}[0-9]"
)
_STILL = re.compile(
    "至今|仍(?!然?坚持)|尚未|还没|还欠|尚欠|迟迟|未果|无果|一拖再拖|失联|跑路|联系不上|石沉大海|不了了之|没有下文|还在等|在等|不知道|什么时候|何时|没人管|又过了|杳无"
)
_HARSH = re.compile(
    "讨薪无门|血汗钱|恶意|黑心|坑|骗|气愤|寒心|无奈|走投无路|绝望|威胁|殴打|被打|上访|堵|围|横幅|爬|跳楼|罢工|停工|举报|投诉|曝|控诉|哭|求"
)
_NOW_PAID = re.compile("到账|到手|领到|拿到|讨回|要回|追回|结清|付清|兑现|发放到位|补发|还清|钱回来|归还|还薪|回家")
_FIRST_OF = re.compile("第?[一二三四五六七八九十][、是]|[一二三四]是")
_ASKS = re.compile("[？?]")
_STATED = re.compile("曝|讨薪|欠薪|拖欠|被欠|白干|没发|不发|未发|没给|不给|没拿到|没领到|拿不到|停发|无钱|没见")
_PEOPLE = re.compile("[0-9一二两三四五六七八九十百]{1,6}[多余来]?(?:名|位|个?人(?!民))")
_SUM = re.compile("[0-9.,一二两三四五六七八九十百千]{1,10}[多余来]?(?:万|元|块)")


# Which words count as which sign, and where in the report they are looked for.
_SIGNS: dict[str, tuple[re.Pattern[str], str]] = {
    "you_ask": (_YOU, "whole"),
    "thanks": (_THANKS, "whole"),
    "thanks_head": (_THANKS, "opening"),
    "court": (_COURT, "whole"),
    "judged": (_JUDGED, "whole"),
    "judged_head": (_JUDGED, "head"),
    "agreed": (_AGREED, "whole"),
    "enforced": (_ENFORCED, "whole"),
    "crime": (_CRIME, "whole"),
    "probe": (_PROBE, "whole"),
    "mediated": (_MEDIATED, "whole"),
    "answer_head": (_ANSWER, "opening"),
    "answer": (_ANSWER, "whole"),
    "denial": (_DENIAL, "whole"),
    "denial_head": (_DENIAL, "head"),
    "employer_says": (_EMPLOYER, "opening"),
    "clean": (_CLEAN, "whole"),
    "rules_head": (_RULES, "opening"),
    "advice_head": (_ADVICE, "head"),
    "cases_head": (_CASES, "head"),
    "cases": (_CASES, "whole"),
    "counts": (_COUNTS, "early"),
    "counts_head": (_COUNTS, "head"),
    "recovered": (_RECOVERED, "whole"),
    "still": (_STILL, "whole"),
    "still_end": (_STILL, "ending"),
    "harsh": (_HARSH, "whole"),
    "harsh_head": (_HARSH, "head"),
    "paid_word_head": (_NOW_PAID, "head"),
    "paid_word_end": (_NOW_PAID, "ending"),
    "asks_end": (_ASKS, "close"),
    "asks_head": (_ASKS, "head"),
    "listed": (_FIRST_OF, "body"),
    "owed_head": (_STATED, "head"),
    "people": (_PEOPLE, "whole"),
    "sum": (_SUM, "whole"),
}


def signs(title: Reading, text: Reading) -> dict[str, float]:
    """The signs a report shows, by name; what is absent is left out."""
    head, body = title.view.text, text.view.text
    whole = f"{head}\n{body}" if head else body
    told, in_head = events(body), events(head)
    found = {
        f"head_{kind}": 1.0 for kind in {one.what for one in in_head if one.about_pay or one.what in ("paid", "unpaid")}
    }
    every = [*in_head, *told]
    found |= {f"any_{kind}": 1.0 for kind in {one.what for one in every}}
    if every:
        last = every[-1]
        found[f"last_{last.what}"] = 1.0
        body_last = [one for one in told if one.what != "unpaid"][-1:]
        if body_last:
            found[f"last_done_{body_last[0].what}"] = 1.0
    found |= _order(told or every, len(body))
    opening, ending = whole[: _LEAD + len(head)], whole[-_LEAD:]
    places = {"whole": whole, "head": head, "opening": head or opening, "ending": ending, "body": body}
    places |= {"early": whole[:_LONG], "close": ending[-20:]}
    for name, (pattern, place) in _SIGNS.items():
        if pattern.search(places[place]):
            found[name] = 1.0
    first = len(_FIRST.findall(whole))
    if first:
        found["first_person"] = min(1.0, first / _SQUEEZE)
    rules = len(set(_RULES.findall(whole[:_LONG])))
    if rules:
        found["rules"] = min(1.0, rules / 5.0)
    return found | _together(found, title, text)


def _order(told: list[Event], length: int) -> dict[str, float]:
    """How the events follow each other: what stands behind the last payment, and how late it is told."""
    paid = [at for at, one in enumerate(told) if one.what == "paid"]
    found: dict[str, float] = {}
    if paid:
        found["paid_times"] = min(1.0, len(paid) / _SQUEEZE)
        behind = {one.what for one in told[paid[-1] + 1 :]}
        found["unpaid_behind_paid"] = float("unpaid" in behind)
        found["nothing_behind_paid"] = float(not behind & {"unpaid", "promised", "part"})
        found["paid_late"] = float(told[paid[-1]].start > 0.6 * length)
    unpaid = sum(one.what == "unpaid" for one in told)
    if unpaid:
        found["unpaid_times"] = min(1.0, unpaid / _SQUEEZE)
    return {name: value for name, value in found.items() if value}


def _together(found: dict[str, float], title: Reading, text: Reading) -> dict[str, float]:
    """Signs that mean something only beside each other."""
    has = found.keys()
    paid = "any_paid" in has
    own = found.get("first_person", 0.0) >= 0.6
    mentions = (*title.mentions, *text.mentions)
    more = {
        "judged_unpaid": "judged" in has and not paid,
        "agreed_unpaid": "agreed" in has and not paid,
        "judged_still": "judged" in has and bool(has & {"still", "enforced"}) and not paid,
        "crime_unpaid": "crime" in has and not paid,
        "mediated_paid": "mediated" in has and "nothing_behind_paid" in has,
        "thanks_paid": "thanks" in has and paid,
        "own_unpaid": own and not paid,
        "own_paid": own and paid,
        "own_asks": own and "you_ask" in has,
        "rules_alone": "rules_head" in has and not has & {"any_unpaid", "any_paid"},
        "rules_general": found.get("rules", 0.0) >= 0.4 and "sum" not in has,
        "counts_recovered": "counts" in has and "recovered" in has,
        "counts_alone": "counts" in has and "recovered" not in has,
        "answer_paid": "answer_head" in has and paid,
        "answer_unpaid": "answer_head" in has and not paid,
        "probe_unpaid": "probe" in has and not paid,
        "no_event": not has & {"any_paid", "any_unpaid", "any_promised", "any_ordered", "any_part"},
        "only_prevented": bool(mentions) and all(one.mood == "preventive" for one in mentions),
        "denied_mention": any(one.mood in ("denied", "negated") for one in mentions),
        "stated_mention": any(one.mood == "stated" and one.strength >= FIRM for one in mentions),
        "topic_head": bool(title.of("topic")),
        "ends_paid": "last_paid" in has and not own and not has & {"still_end", "you_ask", "asks_end"},
        "ends_paid_told": "last_paid" in has
        and not own
        and not has & {"rules_head", "answer_head", "advice_head", "judged_unpaid"},
        "judged_alone": "judged" in has and "last_paid" not in has and not own and not has & {"still", "enforced"},
        "court_paid": bool(has & {"court", "enforced"}) and "last_paid" in has,
        "denied_paid": bool(has & {"denial", "denial_head"}) and "answer_head" in has,
        "promised_only": "any_promised" in has and not paid and not own,
        "ordered_last": "last_ordered" in has and not own,
        "employer_accused": "employer_says" in has and any(one.mood == "stated" for one in text.mentions),
        "short": len(text.view.text) == 0,
    }
    return {name: 1.0 for name, holds in more.items() if holds}
