"""Who owes where no registered name stands beside the words for it: 一家烤鱼店, 砖厂老板, 示宏置业, 被告是一家制衣作坊.

Asked only where ``employers`` finds nobody. A candidate must look like an organisation: it ends in the word for a kind
of workplace or trade, and what stands before that word is a name or what is made there, never a clause. It must also
stand as a debtor does: it owes, somebody works there, it is sued, or it closed while wages are owed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitors.opinion import employer_names, firm_names, introduced
from monitors.opinion.mentions import Reading

# Kinds of workplaces; those that say nothing alone (``_BARE``) need a word before them.
_KIND = re.compile(
    "有限(?:责任)?公司|公司|集团|合作社|作坊|[油豆酒磨染绣布]坊|工作室|事务所|旅行社|报社|杂志社|电视台|出版社|俱乐部|剧组|剧团|艺术团|"
    "(?:砖瓦?|茶|鞋|糖|酒|药|纸|饲料|服装|制衣|羽绒服|电子|家具|水泥|玩具|模具|石料|石材|木材|木器|板|食品|屏幕|印刷|加工|烘干|核桃|焦化|冶炼|机械|塑料|玻璃|陶瓷|纺织|化工|化肥|米|油|面|罐头|竹制品|塑胶|五金)厂|厂|"
    "(?:养鸡|养猪|养牛|养殖|采石|砂石|砂|石|农|林|牧|驾校训练|洗车|停车|屠宰|渔业养殖)场|"
    "(?:烤鱼|火锅|烧烤|奶茶|咖啡|早餐|米线|面|快餐|甜品|烘焙|蛋糕|水果|服装|美容|美发|理发|足浴|按摩|洗车|汽修|修理|便利|药|花|鞋|手机|专卖|旗舰|连锁|直营|打印|宠物|眼镜|家具|五金|卤味|小吃|餐饮|饰品|文具|电器)店|"
    "门店|饭店|酒店|酒楼|茶楼|宾馆|旅馆|客栈|民宿|会所|餐馆|饭馆|面馆|茶馆|健身房|健身馆|公会|(?:月子|培训|护理|早教|健身|美容|康养|托管|托育|家政|医美)中心|游泳馆|体育馆|武馆|画室|琴行|车行|洗车行|餐厅|小吃城|ktv|网吧|酒吧|门市部?|商行|经营部|批发部|档口|加工坊|水厂|超市|商场|商城|影城|影楼|"
    "幼儿园|游乐园|茶园|果园|葡萄园|庄园|农庄|山庄|度假村|景区|苗圃|基地|冷库|煤矿|铁矿|铜矿|锌矿|砂场|料场|矿山|矿|养老院|敬老院|福利院|卫生院|卫生所|门诊部|诊所|医院|学院|学校|小学|中学|高中|职高|驾校|大学|"
    "培训班|培训机构|机构|中介|(?:快递|外卖)?站点|网点|分拣点|加工点|收购点|分级点|养护站|加油站|收费站|(?:商混|搅拌|混凝土)站|水厂|电站|服务站|工作站|"
    "承包商|分包商|开发商|建筑商|供应站|外包方|外包队伍|劳务队|施工队|工程队|建筑队|装修队|车队|项目部|"
    "置业|纺织|服饰|(?<=[一-鿿])[酒果鞋木皮矿硅菌盐烟竹]业|物流(?!园|业)|传媒|影视|餐饮|装饰|商砼|建工|[牧渔药]业|地产|房产|[乳茶糖锡铝]业|茶企|钢铁|医美|连锁|(?:隧道|路桥|航务|电力|水利)局|[一二三四五六七八九十]局|"
    '(?<=[\u4e00-\u9fff]{2})(?:建设|食品|科技|电子|汽车|能源|印刷|农业|教育|康养|物业|文旅|旅游|环保|园林|健身|商贸|家政)(?=拖欠|欠薪|欠着?|承包|承建|的|[，。]|[0-9一两二三四五六七八九十]年|压着?|扣着?|停发|未发|的员工|的工[资人]|员工|老板|[0-9]|以|拿|贴|因|被|")'
)
_BARE = frozenset(
    (
        "公司",
        "厂",
        "工厂",
        "企业",
        "单位",
        "店",
        "门店",
        "医院",
        "学校",
        "学院",
        "大学",
        "机构",
        "基地",
        "集团",
        "矿",
        "项目部",
        "中介",
        "站点",
        "网点",
        "连锁",
        "承包商",
        "有限公司",
        "有限责任公司",
        "局",
    )
)
_PLACE_BEFORE = re.compile("^.{0,40}(?:自治[州县]|省|市|县|区|州|镇|乡|村|街道)(?=.)")
_LOOSE = re.compile(
    "^(?:附近|里|内|外|当地|一|某|那|这|该|个|家|所|间|原|老|新|大|小|私人|个体|民间|自己|同一个?|隔壁|旁边|名为|原来|现在的|之前的|以前的|分包公司|给|承建单位|施工单位|用工方|为|是){1,6}"
)
# What a name or a trade never holds: verbs, counts, pronouns, times, and the words between them.
_CLAUSE = re.compile(
    "堵住|围住|围堵|[的了着过吗呢吧啊我你他她它这那哪谁]|[0-9]|[一二两三四五六七八九十几数多百千][个名位天年家次]|工资|欠|薪|讨|干|看|做(?!工)|修(?![理配车])|建(?![设筑工材水行])|打|进|在|从|被|给|找|说|称|去年|今年|月|每|没|不|未|只|还|都|也|就|把|让|请|问|拿|领|爬|堵|围|"
    "举报|反映|投诉|公布|通报|转让|倒闭|关门|关停|停产|破产|离职|入职|跑路|失联|维权|员工|工人|民工|老师|司机|业务|保洁|保安|食堂$|学生|孩子|老板|接待|职工|全$|同$|自$|与|和|及|等|起$|门口"
)
_OWES = re.compile(
    "(?:[的]?(?:老板娘?|负责人|[店厂场校院园站矿]长|方面|东家|hr|管理层|庄主|场主|矿方|馆方|公司|经营者|方|里|门店))?(?:[^，。！？；、讨追索]{0,10}?)(?:拖欠|拖着|拖延|欠(?!条)|差(?![不点别额])|短(?!信|视)|压着?|扣(?:着|下|除|发)?|克扣|没发|没给|没结|不发|停发|停了|未发|未付|未给|未支付|未足额|发不[出起]|不给|不肯|不认|截留|吞|拒付|拒不|抵工资|押)"
)
_CLOSED = re.compile(
    "(?:老板|负责人|已经?|突然|连夜|一夜|集体|宣布|也|近日|于?[^，。！？；]{0,6})?(?:倒闭|倒了|垮了|黄了|关门|关停|跑路|停产|停业|转手|易主|生意|破产|经营不善|经营困难|搬空|搬走|解散|撤场|卷款|失联|歇业|转[让了]|把)"
)
_STAFF = re.compile(
    "的(?:工资|工钱)|(?:的|里的?|内的?|返聘的?|外聘的?|季节|临时){0,6}[^，。！？；、]{0,6}?(?:员工|工人|职工|教师|老师|教职工|司机|教练|服务员|厨师|护士|医生|医护|保安|保洁|保洁员|骑手|店员|技师|季节工|临时工|外聘工|女工|民工|农民工|编辑部?|[0-9一二三四五六七八九十百两]{1,12}(?:名|人|位))"
)
_WORKED = re.compile(
    "(?:里|内|店里)?(?:打工|打了|干|做|当|上班|务工|实习|兼职|工作|从事|绑|摘|看|守|踩|帮厨|洗碗|跑|学|开车|送|教|搬|缝|被压|压伤|摔|编|采|种|喂|养|装|卸|挖|挑|拣|洗|砌|割|承包的|承建的|的?(?:项目|工地))"
)
_AT = re.compile(
    "(?:在|到|去|进|给|帮|为|替)(?:[^，。！？；、]{0,8}(?:[县市区镇乡村州]|[\u4e00-\u9fff]{2}))?(?:一(?:家|个|所|间)?|某|同一个?|某家)?$"
)
_SUED = re.compile(
    "(?:被告|被申请人|被执行人|用工方|用人单位|欠款方|欠薪(?:企业|单位|方)?|欠钱的|涉事(?:企业|单位)?|雇主|施工单位|承建单位|施工方|分包(?:公司|单位|方)|劳务方|劳务分包)(?:为|是|系|：)?(?:一家|一个)?(?:个体|私人)?$"
)
# 那家皮革厂"锐骓皮业": a name of its own in quotation marks, behind the kind it is.
_QUOTED = re.compile('(?:[厂店馆院校场站家个矿]|公司|企业|平台|叫|名为)"$')
# 投诉…某商混站: the complaint's own address. "…庄园"雇我们, "…学院"招兼职: it hired, and the report is of its pay.
_REPORTED = re.compile("(?:投诉|举报|曝光|避雷|控诉)[^，。！？；]{0,10}$")
_HIRED = re.compile(
    "(?:雇|招(?!商|投|牌)|请|喊|叫|聘)(?:了|用|来|的)?(?:我|咱|俺|兼职|一批|一帮|工人|[0-9一二三四五六七八九十]|[^，。！？；]{0,4}[工员师])"
)
_BY = re.compile("(?:被|遭)(?:[^，。！？；、]{0,4}一家)?$")
_NOT_DEBTOR_BEFORE = re.compile(
    "(?:总包|总承包|建设单位|业主|发包|开发商|甲方|装修|修建|修|建|盖|搭|砌|刷|改造|银行|法院|送往|送到|抬到|送医|住进|隔壁|附近|对面)(?:单位|方|为|是)?$"
)
_NOT_DEBTOR_AFTER = re.compile(
    "(?:门口|门前|附近|对面|楼下|抢救|治疗|救治|检查|住院|协助|帮助|介入|垫付|已?拨付|给了?工头|说钱早|说跟|说是|配合|为工人|给工人|向(?:工人|他们)|提供|工程|项目|建设|装修|改造|扩建|迁建|改建|新建|搬迁|外墙|房|内墙|外包|食堂(?!.{0,4}欠)|移民|早就|周边|工地|修|铺|挖)"
)
BAR, BAR_ALONE = 1.2, 0.7  # a lone workplace may be told of less plainly

# A school or hospital told of only by its kind and its county is nobody's name.
_PUBLIC = re.compile(
    "(?:公立|公办|县|市|区|镇|乡|二甲|三甲|二级|三级){0,6}(?:医院|小学|中学|中小学|高中|学校|大学|学院)"
)
_GATE = re.compile("(?:堵住?|围住?|围堵|聚集在|聚在|守在)$")
_GATE_AFTER = re.compile("(?:大?门口?|厂门)[^。！？]{0,12}(?:要求|讨要|讨|要工资|索要)")
_SPEAKS = re.compile(
    "(?:的)?(?:hr|老板娘?|负责人|[店厂场校院园站矿]长|经理)[^，。！？；]{0,6}(?:称|说|回复|表示|回应)|(?:回复|回应|解释)|(?:说|称|表示)(?:要?等|没钱|账上|资金|困难|亏)"
)
_PAID_UP = re.compile(
    "(?:老板|负责人)?(?:当面|当场|当天|已经?|全部|一次性){0,6}(?:给[^，。！？；]{1,8})?(?:付清|结清|补发)"
)
_OTHER_DEBT = re.compile("[^，。！？；]{0,8}(?:工程款|货款|材料款|进度款)")
_ORDERED = re.compile(
    "(?:应当?|须|需|必须)(?:于[^，。]{0,10})?(?:立即|限期)?(?:向[^，。]{1,8})?(?:支付|给付|补发|清偿|返还)"
)
_ORDERED_BEFORE = re.compile("(?:判令|判决|裁决|责令|裁定|判)$")
_JOINED = re.compile("(?:入职|受雇于|供职于|任职于|就职于|招进)(?:了|一家)?$")
_SAYS = re.compile("回应|称|表示|说")
_AT_ONCE, _CLOSE = 3, 8
_ORDERED_TO = re.compile("支付|向|补发|给付|限期")
_ENDS = re.compile("[，。]")
# What the workplace does, the first that holds: it is ordered to pay, has closed, has staff, has paid, speaks.
_DOES = ((_ORDERED, 1.5), (_HIRED, 1.2), (_CLOSED, 1.2), (_STAFF, 0.8), (_PAID_UP, 1.0), (_SPEAKS, 0.8))
Span = tuple[float, int, int]


def find(reading: Reading) -> list[Span]:
    """Score and place of every workplace told of as a debtor, the strongest first."""
    text = reading.view.text
    return sorted(_candidates(text), key=lambda span: (-span[0], span[1]))


def shapes(text: str) -> Iterator[tuple[int, int]]:
    """Every workplace told by its kind and what stands before it, whatever is said of it."""
    for match in _KIND.finditer(text):
        start = _start(text, match.start(), match.end())
        if start is not None:
            yield start, match.end()


def is_workplace(words: str) -> bool:
    """Whether the words end in the kind of a workplace."""
    return any(match.end() == len(words) for match in _KIND.finditer(words))


def _candidates(text: str) -> Iterator[Span]:
    for match in _KIND.finditer(text):
        end = match.end()
        start = _start(text, match.start(), end)
        if start is None:
            continue
        before = text[max(0, start - 14) : start]
        if _GATE.search(before) and _GATE_AFTER.match(text, end):
            yield 1.4, start, end
        owes = _OWES.match(text, end)
        at_once = owes is not None and owes.end() - end <= _AT_ONCE
        if _NOT_DEBTOR_AFTER.match(text, end) or (_NOT_DEBTOR_BEFORE.search(before) and not at_once):
            continue
        if (_OTHER_DEBT.match(text, end) and not _SAYS.match(text, end)) or employer_names.is_office(text[start:end]):
            continue
        score = _stands(text, start, end, before)
        if score > 0:
            yield score, start, end


def _stands(text: str, start: int, end: int, before: str) -> float:
    """How plainly the words around ``text[start:end]`` make it who owes."""
    score = 2.0 if _SUED.search(before) else 0.0
    end += text.startswith('"', end)
    score += introduced.points(text, start, end) + (0.5 if _QUOTED.search(before) else 0.0)
    end += text.startswith("，", end) and bool(_HIRED.match(text, end + 1))
    owes = _OWES.match(text, end)
    if owes:
        score += 2.0 if owes.end() - end <= _CLOSE else 1.4
    elif _ORDERED_BEFORE.search(before) and _ORDERED_TO.match(text, end):
        score += 1.5
    else:
        score += next((points for pattern, points in _DOES if pattern.match(text, end)), 0.0)
    score += sum(points for pattern, points in ((_JOINED, 1.0), (_BY, 1.0), (_REPORTED, 1.2)) if pattern.search(before))
    if _AT.search(before):
        ends = _ENDS.match(text, end) and text[end - 1] not in "学院"
        score += 1.3 if _WORKED.match(text, end) else 0.7 if ends else 0.0
    return score + (0.1 if end - start > 2 else 0.0)


def _start(text: str, kind: int, end: int) -> int | None:
    """Where the name begins: the kind with what is made there or its brand; None where the kind alone says nothing."""
    left = employer_names.left_of(text, kind)
    words = text[left:kind]
    place = _PLACE_BEFORE.match(words)
    if place:
        left += place.end()
    loose = _LOOSE.match(text, left, kind)
    if loose:
        left = loose.end()
    before = left
    for clause in _CLAUSE.finditer(text, left, kind):
        left = clause.end()
    if left > before:
        loose = _LOOSE.match(text, left, kind)
        left = loose.end() if loose else left
    name = text[left:end]
    if left > before and kind - left > 6:  # behind a verb only a short trade is a name
        left, name = kind, text[kind:end]
    if name in _BARE or _PUBLIC.fullmatch(name) or employer_names.is_nameless(name) or firm_names.is_phrase(name):
        return None
    return left
