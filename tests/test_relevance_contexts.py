"""Whose wages: plots, athletes and firms' accounts beside real arrears told in the county's own speech."""

import pytest

from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.relevance import Document, RelevanceModel, features

MODEL = RelevanceModel.load()


def relevance(title: str, text: str) -> float:
    return MODEL.score(features(Document(read(title, shipped()), read(text, shipped())))).value


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("古城成了取景地", "新剧昨晚开播，剧中主角替工友讨薪的桥段看哭了观众，该剧在古城拍摄了一个月。"),
        ("从小说到荧屏：包工头讨薪的故事", "这部电视剧里，包工头讨薪的桥段最受好评。"),
        ("足球俱乐部欠薪风波再起", "一家足球俱乐部因欠薪被取消注册资格，球员恢复自由身，教练组未回应。"),
        ("清理拖欠企业账款：某市兑付3亿元", "工信部门清理拖欠中小企业账款，督促及时支付货款和服务款。"),
        ("当年的讨薪人成了律师", "十五年前他跟着工友讨薪，如今开了律师所。"),
        ("从讨薪工到村支书", "他曾被拖欠工资，后来回乡当了村支书。"),
        ("摩洛哥农场移民工人被欠薪", "当地媒体报道，移民工人抗议雇主欠薪。"),
        ("欠薪治理研究综述", "文献显示，学界对欠薪的成因看法不一。"),
        ("雇人扮民工讨薪，目的是索要货款", "供货商花钱雇人举牌讨薪，实际是索要货款。"),
        ("谎称被欠薪骗路费", "男子谎称被欠薪，骗走路人两百元。"),
        ("如何避免被欠薪？记住这三点", "签合同、留证据、早投诉。"),
    ],
)
def test_not_workers_wages(title, text):
    assert relevance(title, text) < 0.5


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("辛苦苦点钱，这家硬是不给", "我们十二个人在县里摘果子，干了四个多月，说好按月发，一分钱没见着。"),
        ("在县里干活要不着钱", "老板叫我们八个人去铺管子，说做完就结，现在拖起半年了，活路早就做完了。"),
        ("剧组拖欠群演和工人工资", "影视基地的搭景工人说，剧组拖欠他们两个月工资，多次讨要无果。"),
        ("体育馆工地拖欠工资", "足球场看台工地的23名工人被拖欠工资半年，多次讨薪无果。"),
        ("清理拖欠企业账款和农民工工资", "会议要求清理拖欠企业账款，保障农民工工资支付。"),
        ("两年前被拖欠的工资至今没给", "他曾多次讨要被拖欠的工资。"),
        ("七名掘进工的五万元工资仍是一张纸", "判决下来一年，包工头名下无财产。"),
        ("超市用购物券顶工资", "超市用购物券顶三个月工资，二十四名员工不答应。"),
        ("差我们的工钱", "在工地干了两个月，差我们五个人四万块。"),
        ("法官把工资送到工人手里", "执行到位的工资款三万元发到六名工人手中。"),
        ("中国工人在海外工地被欠薪", "某中资公司拖欠农民工工资，工人回国后投诉。"),
        ("普法进工地 为农民工讲解工资支付条例", "人社局走进工地，讲解保障农民工工资支付条例。"),
    ],
)
def test_workers_wages(title, text):
    assert relevance(title, text) >= 0.5


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("卖菜的钱", "我卖给他三车菜，货款一分钱没见着。"),
        ("彩票", "买了一年彩票，一分钱没见着。"),
        ("房东", "押金到现在一分钱没给。"),
        ("朋友", "欠我三万元的朋友在工地打工，说好了还不给。"),
        ("理财", "股民两天赚近一万元，相当于一个月工资。"),
        ("讨论", "工资待遇在哪里看，工资没涨怎么办。"),
    ],
)
def test_no_money_seen_without_work_is_no_wage(title, text):
    assert relevance(title, text) < 0.5
