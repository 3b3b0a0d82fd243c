"""Every name in a report that could be who owes, by the grammar of company names and of "owes".

Found suffix first (…有限公司, …项目部, …学校), then back to the nearest boundary within 26 characters: linear, no
nested repetition. Which of them owes is decided in ``employers``.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from monitors.opinion import firm_names
from monitors.opinion.mentions import Reading
from monitors.regions import divisions

_SUFFIX = re.compile(
    "(?:\\([\u4e00-\u9fff]{2,4}\\)(?:集团|股份|建设|工程|建筑|控股){0,6}有限(?:责任)?公司|股份有限公司|有限责任公司|集团有限公司|有限公司|分公司|总公司|子公司|集团公司|劳务公司|建筑公司|建设公司|装修公司|装饰公司|房地产公司|开发公司|科技公司|物业公司|"
    "保安公司|公交公司|外包公司|传媒公司|置业公司|园林公司|工程公司|劳务队|施工队|工程队|项目部|公司|集团|矿业|"
    "服装厂|电子厂|水泥厂|砖厂|茶厂|鞋厂|玩具厂|家具厂|加工厂|制衣厂|榨菜厂|砂石厂|糖厂|养殖场|农场|林场|煤矿|工厂|厂(?![房区家长商址里门内])|"
    "实验学校|补习学校|职业学校|培训学校|幼儿园|小学|中学|学院|大学|学校|驾校|培训中心|早教中心|人民医院|中医院|医院|(?:护理|养老|敬老|福利|疗养|康养)院|疾控中心|卫生院|诊所|"
    "大酒店|酒店|宾馆|饭店|餐饮店|餐厅|餐饮|火锅店|(?:[美理]发|烧烤|奶茶|咖啡|便利|服装|早餐|面包|水果|药|足浴|修理|养生)店|面馆|饭馆|网吧|洗浴中心|养生馆|物业(?!公司|费|管理|服务|企业|集团|纠纷)|饭庄|山庄|会所|超市|专卖店|服务中心|健身|影城|度假村|景区|"
    "街道办事处|街道办|教育局|建设局|水务局|交通局|环卫所|环卫站|管理处|管委会|镇政府|乡政府|县政府|村委会|剧组|俱乐部|航空|快递(?:网点|站点)?|外卖站点|蛋糕|合作社|茶楼|公交|汽车|(?:中铁|中建|中交|中冶|中国水电|中国电建|中国铁建|水电)[一二三四五六七八九十]{1,3}局|航局|省建[一二三四五六七八九十]{1,2}公司)"
)
# Single characters that also live inside names (和顺, 时代, 内蒙古, 有色, 经济, 同方, 怒江, 数据, 系统, 给排水)
# bound only in the company of others.
_BOUNDARY = re.compile(
    '[，。！？；：、\n"\\[\\]《》<>#@!?;:~|丨│]|[厂院校馆店矿]方(?=[\u4e00-\u9fff]{4})|(?:厂|店|校|公司|单位)名(?!单|额)|诉(?!讼|求|苦)|撤销|\\((?![\u4e00-\u9fff]{2,4}\\))|(?<![\u4e00-\u9fff]{2})\\)|'
    "(?:被(?:申请人|告人?|执行人)(?:为|是|：)?|是|在|由|(?<!华)(?<!有)为|与|(?<!埃)及|被|(?<!方)(?<!万)向(?!阳|上|前|荣|东)|对(?!外)|把|将(?!军|乐)|(?<!供)(?<!自)给(?!排|水)|"
    "于(?!都|洪)|到(?!位|家)|来自|从(?!化)|称|叫|名叫|投诉|举报|反映|曝|怒(?!江)|恳请|请求|要求|关于|"
    "如何看待|(?<!数)据|经(?!济|典|贸|开|纬|营|建)|让|找|问(?!道|天)|去年?|跟|该|这家|那家|一家|某家|这个|那个|我们|咱们|他们|我|你|他|"
    "(?<!体)系(?!统|列)|(?<!高)等|了|的|受雇|入职|进入|"
    "(?:承包|承建|总包|发包|分包|转包|施工|监理|建设|业主)(?:方|商|单位)(?:的)?|承包(?!公司)|承建|总包(?!公司)|发包|分包(?!公司)给?|转包给|转给|(?<=[司厂院人局者队部府员工名])和|(?<=[我他她们人司方者队部厂员名曾已])同(?=[\u4e00-\u9fff]{2,12}(?:公司|厂))|"
    "说|指(?!南|挥)|(?<!国)有(?!限|色|机|线)|而|并(?!购)|但|(?<=[月日年天以])[内前后]|(?<=[0-9])[年月日时]|致使|导致|包括|以及|其中|通报|公布|强烈|"
    "实名|再次|网传|疑似|受(?!益)|替|帮|拖欠|起诉|雇|老板|实名举报|近日|昨日|目前|今天|上班|加强|推动|规范|强化|深化|往|冲(?!压)|众人|聚(?=集|众)|抵工资|公然|严惩|清理|执行|"
    "求助|(?:欠薪|涉案|涉事|用工|被执行|失信|欠钱)(?:企业|单位|公司)(?=[\u4e00-\u9fff]{4})|判决|判令|裁定|裁决|威胁|恐吓|惹|玩得过|保障|深化|配合|联系|任职|供职|就职|[0-9]号|否认|帮忙解决|解决|咨询(?!服务|管理|有限|公司|集团|中心)|回应|路过|等待|责令|督促|约谈|拨至|核查|核实|查处)"
)
_GENERIC = frozenset(
    [
        "公司",
        "该公司",
        "集团",
        "工厂",
        "厂",
        "学校",
        "小学",
        "中学",
        "医院",
        "酒店",
        "饭店",
        "餐厅",
        "项目部",
        "分公司",
        "总公司",
        "施工队",
        "大学",
        "汽车",
        "快递",
        "航空",
        "劳务公司",
        "建筑公司",
        "餐饮",
        "超市",
        "景区",
        "煤矿",
        "服务中心",
        "剧组",
        "俱乐部",
        "公交",
        "建设公司",
        "有限公司",
        "开发公司",
        "建筑企业",
        "总承包公司",
        "子公司",
        "施工公司",
        "工程公司",
        "上市公司",
        "小公司",
        "大公司",
        "用人公司",
        "涉事公司",
        "物业公司",
        "健身",
        "幼儿园",
        "县政府",
        "镇政府",
        "乡政府",
        "村委会",
        "管委会",
        "装修公司",
        "外包公司",
        "公交公司",
        "服装厂",
        "养殖场",
        "电子厂",
        "教育局",
        "建设局",
        "镇政府",
        "俱乐部",
        "蛋糕",
        "足球俱乐部",
        "保安队",
        "快递网点",
        "外卖站点",
        "网点",
        "站点",
        "平台",
        "门店",
        "校区",
        "死后公司",
        "新公司",
        "老公司",
        "原公司",
        "全厂",
        "工业园",
        "产业园",
        "判决公司",
    ]
)
_NOT_OWNER = re.compile(
    "检察院|法院|公安|人社|劳动监察|劳动局|信访|仲裁|司法局|律师|晚报|日报|电视台|新闻|派出所|监察|消防|检察|总工会|住建|记者|领导小组|支队|大队|银行"
)
SURNAME = (
    "[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄穆萧尹"
    "姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘斜厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公]"
)
_PERSON = re.compile(
    "(?:包工头|工头|老板|被告人?|被执行人|负责人|承包人|承包商|经营者|嫌疑人|实际控制人|法定代表人|法人|工程老板|雇主|个体户|(?<![小大中分支])队长|塘主|庄主|店主)(?P<name>[\u4e00-\u9fff]某某?|老(?=[^板乡人家师百总])"
    + SURNAME
    + "(?=[，。、：；\\s]|拖欠|欠|跑|没|不|失联|一直|至今|承包|雇)|"
    + SURNAME
    + "[\u4e00-\u9fff]{1,2}"
    "(?=[，。、：；\\s(（]|拖欠|欠|承包|拒|在|以|将|也|又|把|因|犯|雇|于|给|没|不|至今|失联|跑路|未))"
)
# 徐某某 by full name took the work on and hired: the debtor of a court's account, told before his deed.
_UNDERTOOK = re.compile(
    "(?:^|(?<=[，。；：间\n]))"
    + SURNAME
    + "[\u4e00-\u9fff]{1,2}(?=(?:承建|承包|承揽)了?[^。]{0,30}(?:雇|招|带领|组织))"
)
# Who stands as the subject of "owes" in a headline or first sentence, whatever its name ends in (钟薛高被曝欠薪).
_SUBJECT = re.compile(
    "(?P<name>[\u4e00-\u9fffa-z0-9·()]{2,26}?)(?:突然|一直|长期|恶意|无故|多次|再次|竟|仍|已|都|却|否认|承认|澄清|方面|疑似|疑|老板|公司老板|负责人|个体老板|董事长|ceo|总裁|创始人|内部){0,6}"
    "(?:被曝|被指|被爆|被员工|被讨|停发|拖欠|欠薪|拖延|克扣|不发|发不出|发不起|未发|没发|托欠|欠我|欠农|欠工|欠员|欠民|(?:在职|离职|前|老|女|男|全体|有|多名|大量|部分|一名|一)?员工(?!资)|回应(?![^，。]{0,6}(?:剧组|公司|单位|医院|学校|工厂|东家|老板)[^，。]{0,4}(?:拖欠|欠))|开学至今未发|仅剩|近?[一两二三四五六七八九十几数]{1,12}个?月(?:没|未)发|数月未发|到[0-9]{1,12}月底前停发)"
)
_PREFIX = re.compile(
    "^(?:(?:又有|前|离职|老|多名|有|一名){0,6}(?:员工|网友|工人|司机|教师|老师|骑手|群演|演员|业主|家长)(?:称|自曝|爆料|曝|举报|投诉|控诉|反映|实名举报)|如何看待|投诉通?|举报|曝|网曝|反映|强烈要求|恳请|恳求|请求|关于|有关|网传|疑似|再次|实名|近日|国内首批[^，。]{0,8}之一|当事人回应|官方回应|教育局回应|卫健委回应|回应|我投诉|我举报|请|帮忙解决|帮忙|解决|咨询|严查|求助|控诉|[^，。]{2,6}局?长?通报|对|就){1,6}"
)
_NOBODY = re.compile(
    "^(?:女子|男子|老板|公司|企业|单位|员工|工人|农民工|民工|教师|老师|司机|医生|护士|老人|小伙|包工头|有人|多人|网友|官方|部分|多名|数名|数十|几十|上百|百余|政府|学校|医院|工厂|厂方|厂里|建筑商|开发商|"
    "当地|一些|为什么|为何|怎么|什么|遇到|你的|我的|他们|我们|自己|大家|外卖员|快递员|环卫工|保安|演员|选手|球员|警方|法院|检察院|人社|劳动|恶意|治理|根治|全国|全省|一|两|三|四|五|六|七|八|九|十|[0-9])"
    "|(?:农民工|民工|工人|员工|职工|教师|老师|司机|女子|男子|老人|选手|演员|球员|人员|同事|弟兄|工友|夫妻|父亲|母亲|儿子|村民|群众|教练|学生)$|(?:包工头|工头|项目经理|经理|代理|助理|摄影师|发文|举牌|爬窗|威胁|农民|困难|一地|搭建|还|基本无|(?<![镇乡])中小学|门口)$|^(?:高校|全员|代理|经理|网红|明星|奥运|确保|推动|清理|严惩|多方|加强|众人|最高|全市|全省|年底|临近|春节|又|再)|工资|讨薪|欠薪|薪|工程款|停运|被|一$|无故|矿工$|[0-9]{1,12}名|年$|月$|年底$|因|的人$|们$|我|你|他|这|那|怎|如何"
)
_NAMELESS = re.compile(
    "^(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|内蒙古|广西|西藏|宁夏|新疆)?"
    "(?:[^，。]{0,8}?(?:一|某|1|这|那|该|多|两|三|几|[0-9]{1,12})(?:家|所|个|些|间|地|名)?|(?:[\u4e00-\u9fff]{2,8}(?:省|市|县|区|州|镇|乡|村)(?!(?:教育局|医院|幼儿园|小学|中学)$))?|(?:国内|当地|首批|二甲|三甲|知名|网红|上市|大型|一家|家|元宇宙){0,6})"
    "(?:公立|私立|公办|民办|民营|国有|中小)?(?:公司|医院|小学|中学|学校|企业|工厂|幼儿园|科技公司|公交|厂|二甲医院|教育局|政府|地产公司|事业单位|公交司机|大学|高校|科研院所|酒店|餐厅|幼儿园|项目|工地)$"
)
# 姚某, 林某某 as the subject of "owes" or "took the work on"; 劳务公司 where nothing but the kind is told.
_SOMEBODY = re.compile(
    "[\u4e00-\u9fff](?<!等)某某?(?=(?:却|仍|一直|恶意|长期|先后|因|共){0,6}(?:拖欠|欠|承包|雇|未支付|拒不|却迟迟|卷款|跑路|失联|是(?:一名|一个|名)?[^，。]{0,4}(?:包工头|工头)))"
)
_PLAIN = re.compile(
    "(?<!家)(?<!个)(?<!某)(?P<name>(?:劳务|装修|外包|公交|建筑|保洁|保安|物业|运输|劳务派遣)公司|养殖场|施工队|劳务队|项目部|教育局|教体局|财政局|城管局|环卫所|环卫站)(?=(?:称[^，。；a-z0-9]{0,6})?(?:共|总共|还|一直|至今|已|已经|仍|老板){0,6}(?:拖欠|欠|没发|未发|不发|发不))"
    "|(?<=拨至|拨给|拨到|付给|拨付)(?P<paid>(?:劳务|装修|外包|保洁|保安|物业|施工|总包|承包|劳务派遣)公司)"
)
# 段老板, told by surname alone.
_BOSS = re.compile(
    "(?:^|(?<=[，。！？；：\\[\\]\n为给被向跟帮替随着]))"
    + SURNAME
    + "(?:某某?)?老板(?=，|拖欠|欠|没|不|跑|躲|一直|至今|失联|说|去|来|做|干|打|那里?[做干]|包|喊|叫|让|请我|找我)"
)
_NO_PERSON = re.compile("^那[里边儿]|[账薪钱资不没未给被饭找跑躲逃]")
# Kinds that with a place before them still name nobody: 平顶山公交.
_KINDS = frozenset(("公交", "汽车", "航空", "企业", "学院", "大学", "快递", "餐饮", "物业", "足球俱乐部"))
# 被某某欠薪, 向某某讨薪: the name stands between the two words, whatever it ends in.
_BETWEEN = re.compile(
    "被(?P<by>[\u4e00-\u9fffa-z0-9·()]{2,20}?)(?:恶意|无故|长期|一直){0,6}(?:拖欠|欠薪|克扣|欠(?=[^，。]{0,6}(?:工资|薪)))"
    "|向(?P<to>[\u4e00-\u9fffa-z0-9·()]{2,20}?)(?:讨薪|(?:讨要|索要|追讨)[^，。]{0,8}(?:工资|薪|工钱))"
)
_NOT_BETWEEN = re.compile(
    "^(?:指|曝|爆|控|告|执行|申请|疑|传|认|列|恶意|无故|长期|他|她|老板|公司|单位|前)|媒体|报道|网友|网曝|员工|工人|其|该|自己|雇主|[省市县区]$|人$"
)
# 村里的一家砖厂, 景洪市某酒店: no name is told, but where it stands is.
_DESCRIBED = re.compile(
    "(?P<name>[\u4e00-\u9fff]{1,6}(?:(?:村|镇|乡|县|(?<!地)区|路|街|郊)(?:里|上|内)?的?(?:一家|某)|市某)[\u4e00-\u9fff]{0,4}(?:厂|店|馆|公司|酒店|饭店|学校|医院|幼儿园))"
)
# 为何大山提供劳务, 与何大山口头协议: who had the work done, without a role or a company.
_HIRER = re.compile(
    "[为与跟给帮](?P<name>" + SURNAME + "[\u4e00-\u9fff]{2}(?<![方司位门厂人队部院校局府]))"
    "(?=口头|签订|达成|约定|提供劳务|提供了?劳务|干活|做工|打工|做事|承包的)"
)
# 在一家养殖场上班: the kind is all that is told of where they worked.
_WORKED_AT = re.compile(
    "(?<=一家)(?P<name>[\u4e00-\u9fff]{0,4}(?:厂|店|馆|场|公司|酒店|饭店))(?=[内里]?(?:上班|打工|干活|工作|做工|务工))"
)
_ONE_KIND = re.compile(
    "^[^，。]{0,6}一(?:家|所|个|些|间)?[\u4e00-\u9fff]{0,5}(?:厂|店|公司|院|校|学|园|企业|项目|工地|单位)$"
)
_NO_NAME = re.compile(
    "一[家个名所]?$|^[那这哪][里边儿个家些]|^(?:法官|检察官?|民警|警方)|(?:调解|化解|破获|追回|讨回|执结|审理|督办|巡回|上门|查处|曝光|通报|发布|公布|帮助)$|老板那|^某[镇县市区村]|^老赖|^遭遇|^集[\u4e00-\u9fff]店|无故|[0-9]名|矿工$|^(?:河北|河南|云南|全省)$"
)
_TRAIL = re.compile("(?:在职|离职|全体|全员|有|多名|大量|部分|前|一名|方|创始人|董事长|负责人|为|就|再){1,6}$")
_DEBTOR_ROLES = ("包工头", "工头", "被告", "被执行人", "嫌疑人", "承包")
_REGISTERED = re.compile("(?:公司|集团)$")
_BORROWED = re.compile("(?:法院|检察院|银行)$")  # offices that have work done, too, where a headline says they owe
_AS_FOUND = ("person", "manager", "generic", "described", "passed on")


# 做钢结构生意的老钱…，欠下厂里19个师傅的工资: told by surname alone, and the next thing said is that he owes.
_OLD = re.compile(
    "(?:^|(?<=[，。！？；：的\n]))老(?=[^板乡人家师百总三二大])"
    + SURNAME
    + "(?=[^，。！？；说称告]{0,12}，?(?:欠下|欠着|欠了|拖欠|卷|跑了))"
)


def names(reading: Reading, *, lead: bool) -> tuple[tuple[int, int, str], ...]:
    """Start, end and kind of each name; ``lead``: in a headline, where the subject of "owes" is one, too."""
    told = lead and any(mention.mood in ("stated", "denied", "supposed") for mention in reading.mentions)
    return _names(reading.view.text, subject=told)


@lru_cache(maxsize=4)
def _names(text: str, *, subject: bool) -> tuple[tuple[int, int, str], ...]:
    """Asked twice of each report, by its grammar and for the candidates."""
    names = list(_registered(text))
    if subject and (found := _subject(text)):
        names.append((*found, "subject"))
    names.extend((*span, "subject") for span in _between(text))
    names = [(*_inner(text, start, end), kind) for start, end, kind in names]
    names.extend(_persons(text, names))
    for pattern in (_DESCRIBED, _WORKED_AT) if "一家" in text or "某" in text else ():
        names.extend((*match.span("name"), "described") for match in pattern.finditer(text))
    names.extend(
        (*match.span("name"), "generic") if match["name"] else (*match.span("paid"), "passed on")
        for match in _PLAIN.finditer(text)
    )
    return tuple(
        (start, end, kind)
        for start, end, kind in names
        if kind in _AS_FOUND or _is_name(text[start:end], subject=kind == "subject")
    )


@lru_cache(maxsize=4)
def _registered(text: str) -> tuple[tuple[int, int, str], ...]:
    """Names by their last words (…有限公司, …学校), back to the nearest boundary."""
    found: list[tuple[int, int]] = []
    for match in _SUFFIX.finditer(text):
        left = left_of(text, match.start())
        if match.group()[0] in "中水" and match.group().endswith("局"):
            left = match.start()  # 中建二局 is a whole name
        # 云南滇示建设(集团)有限公司, 深圳分公司 of …有限公司: what touches is one name.
        if found and left <= found[-1][1] and match.end() - found[-1][0] <= 30:
            found[-1] = (found[-1][0], match.end())
        else:
            found.append((left, match.end()))
    return tuple(
        (start + _prefix(text[start:end]), end, "name")
        for start, end in found
        if not firm_names.is_built(text, end) or _REGISTERED.search(text, start, end)
    )


def shapes(text: str) -> list[tuple[int, int]]:
    """Every name by its ending and its nearest boundary, whatever it names."""
    return [_inner(text, start, end) for start, end, _ in _registered(text) if end - start > 1]


def is_name(words: str) -> bool:
    """Whether these words, whatever their part, name one."""
    return _is_name(words, subject=False)


def is_place(words: str) -> bool:
    """Whether the words are a division's name and nothing else."""
    return words in _places()


def left_of(text: str, start: int) -> int:
    """Where a name that ends in the suffix at ``start`` begins: at the nearest boundary, 26 characters back at most."""
    left = max(0, start - 26)
    for boundary in _BOUNDARY.finditer(text, left, start):
        if boundary.end() == start and text.startswith(("有限", "股份"), start) and len(boundary.group()) > 1:
            continue  # 教育咨询有限公司: what touches the registered ending belongs to the name
        left = boundary.end()
    return left


def is_office(name: str) -> bool:
    """Whether this is a court, an office or a paper that tells of debts of others."""
    return bool(_NOT_OWNER.search(name))


def is_nameless(name: str) -> bool:
    """Whether only the place and the plainest kind are told (江苏一公司, 河南一小学)."""
    return (
        "民" not in name
        and bool(_NAMELESS.match(name))
        and name.endswith(("公司", "医院", "学", "学校", "企业", "高校", "高中"))
    )


def _persons(text: str, names: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Foremen, owners and accused by name; ``manager`` where a company beside them owes."""
    found: list[tuple[int, int, str]] = []
    for match in _PERSON.finditer(text):
        if match["name"].endswith(("称", "说", "示")) or _NO_PERSON.search(match["name"]):
            continue  # 负责人解释称, 承包人都说, 老板管饭不给钱, 包工头赖账: surnames that are words, too
        # 某某公司老板陈某: the company owes, its owner only runs.
        runs = any(match.start() - 14 <= end <= match.start() + 1 for _, end, _ in names) or (
            not match.group().startswith(_DEBTOR_ROLES) and any("有限" in text[start:end] for start, end, _ in names)
        )
        found.append((match.start("name"), match.end("name"), "manager" if runs else "person"))
    if "某" in text:
        for match in _SOMEBODY.finditer(text):
            runs = any(
                match.start() - 6 <= end <= match.start() for start, end, _ in names if text[start:end].endswith("公司")
            )
            found.append((*match.span(), "manager" if runs else "person"))
    found.extend((*match.span(), "person") for match in _BOSS.finditer(text))
    found.extend((*match.span("name"), "person") for match in _HIRER.finditer(text))
    found.extend((*match.span(), "person") for match in _OLD.finditer(text))
    if "承" in text:
        found.extend((*match.span(), "person") for match in _UNDERTOOK.finditer(text))
    return found


def _between(text: str) -> list[tuple[int, int]]:
    found = []
    for match in _BETWEEN.finditer(text):
        group = "by" if match["by"] else "to"
        if not _NOT_BETWEEN.search(match[group]):
            found.append(match.span(group))
    return found


def _inner(text: str, start: int, end: int) -> tuple[int, int]:
    """The name proper within ``text[start:end]``."""
    left, right = firm_names.trimmed(text[start:end])
    return start + left, start + right


def _prefix(name: str) -> int:
    match = _PREFIX.match(name)
    return match.end() if match else 0


def _subject(head: str) -> tuple[int, int] | None:
    for piece in re.finditer("[^，。！？；：、\"'\\[\\]《》#\\s]+", head):
        start = piece.start() + _prefix(piece.group())
        match = _SUBJECT.match(head, start, piece.end())
        if match:
            trail = _TRAIL.search(match["name"])
            return match.start("name"), match.end("name") - (len(trail.group()) if trail else 0)
    return None


@cache
def _places() -> frozenset[str]:
    return frozenset(
        name for one in divisions.everywhere() for name in (one.name, divisions.everyday(one), divisions.bare(one))
    )


def _is_name(name: str, *, subject: bool) -> bool:
    """Whether these words name one; a ``subject`` of "owes" may be an office or a city's buses, too."""
    if len(name) < 2 or name in _GENERIC or (name[0] not in "中水" and _SUFFIX.fullmatch(name)):
        return False
    if _NAMELESS.match(name) or _NOBODY.search(name) or name in _places():
        return False  # a county does not owe; somebody in it does
    if not subject and any(name.endswith(kind) and _ends_in_place(name[: -len(kind)]) for kind in _KINDS):
        return False
    if _ONE_KIND.search(name) or _NO_NAME.search(name) or firm_names.is_phrase(name):
        return False
    if firm_names.is_clause(name, subject=subject):
        return False
    return bool(subject and _BORROWED.search(name)) or not _NOT_OWNER.search(name)


def _ends_in_place(words: str) -> bool:
    return any(words[-size:] in _places() for size in (2, 3, 4))
