"""Paid, promised, denied: the stage of the event decides, not the tone."""

import pytest

from monitors.opinion import stance
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read


def judged(title: str, text: str = "", *, specific: bool = True) -> stance.StanceFound:
    return stance.judge(read(title, shipped()), read(text, shipped()), specific=specific)


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("拖欠工资已全部付清", "", "resolved"),
        ("工人领到被拖欠的工资", "", "resolved"),
        ("法院执行到位欠薪30万元", "", "resolved"),
        ("欠薪问题得到圆满解决", "", "resolved"),
        ("", "被拖欠的工资已经全部发放到工人手中。", "resolved"),
        ("", "他们送来锦旗，感谢帮忙讨回欠薪。", "resolved"),
        ("拖欠的工资承诺年前付清", "", "unresolved"),
        ("希望早日拿到工资", "", "unresolved"),
        ("何时能领到工资", "", "unresolved"),
        ("责令企业付清拖欠的工资", "老板拖欠工资后失联。", "neutral"),
        ("老板说已发放工资，工人称没拿到工资", "", "unresolved"),
        ("", "尊敬的领导：我们是工人，恳请帮我们拿到工资。", "unresolved"),
        ("", "付了一部分，至今还欠工资3万元，老板失联。", "unresolved"),
        ("判决支付工资后仍未拿到工资", "", "unresolved"),
        ("官方回应拖欠教师工资", "", "neutral"),
        ("医院拖欠工资，官方回应正在筹措", "", "unresolved"),
        ("讨薪员工回应公司声明", "", "unresolved"),
        ("人社部公布欠薪黑名单", "", "neutral"),
        ("现场扫码转账，十三名粉刷工结清工钱", "", "resolved"),
        ("欠了半年的课时费终于发了", "", "resolved"),
        ("煤矿补发工资，工人复工", "煤矿补发拖欠的工资。", "resolved"),
        ("回复：经核实，工资已于10日支付", "网友反映工资拖欠问题，反映人表示满意。", "resolved"),
        ("", "拖欠的工资悉数到账，十一名工人签收。", "resolved"),
        ("去年的工资已经结清，今年的还欠着", "", "unresolved"),
        ("", "老板付清了前年的工资，其余两年的仍在讨要。", "unresolved"),
        ("请把工资还给阿姨", "希望公司把欠的工资发了。", "unresolved"),
        ("薪水迟迟不到账", "老板欠薪三个月。", "unresolved"),
        ("", "督促滇示某某市政工程有限公司结清拖欠的工资。", "unresolved"),
        ("公司回应：从未拖欠工资", "员工说欠薪三个月。", "unresolved"),
        ("公司回应员工欠薪传闻：不属实", "", "neutral"),
    ],
)
def test_stage(title, text, wanted):
    assert judged(title, text).stance == wanted


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("治欠办召开根治欠薪推进会", "会议强调压实责任。"),
        ("加强教师欠薪治理", ""),
        ("", "人社部：加强欠薪治理，完善长效机制。"),
        ("检查组走访九个工地未发现欠薪", ""),
        ("严禁以工程未验收、款项未结算为由拖欠工资", ""),
        ("公布一批欠薪投诉电话", ""),
        ("项目部签订不欠薪承诺书", ""),
        ("应急周转金到位，用于欠薪应急垫付", ""),
        ("全省各级为农民工追发工资2亿元", "全省各级劳动监察机构共查处案件300件。"),
    ],
)
def test_policy_and_statistics_are_neutral_background(title, text):
    found = judged(title, text, specific=False)
    assert found.stance == "neutral"
    assert found.policy


def test_a_concrete_case_beside_policy_words_is_no_policy():
    found = judged("开展专项行动后仍有人欠薪", "包工头拖欠我们12人工资，至今未付。")
    assert not found.policy
    assert found.stance == "unresolved"


def test_evidence_lies_inside_the_text():
    title, text = read("工地纠纷", shipped()), read("被拖欠的工资已全部发放。", shipped())
    for field, start, end, why in stance.judge(title, text, specific=True).evidence:
        assert (title if field == "title" else text).view.text[start:end]
        assert why
