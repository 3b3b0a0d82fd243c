"""Who owes is a name or nobody: phrases, places, speakers and neighbours of a name are not taken for one."""

import pytest

from monitors.opinion import employers, firm_names
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read


def employer(title: str, text: str = "") -> str | None:
    found = employers.find(read(title, shipped()), read(text, shipped()))
    return found.name if found else None


@pytest.mark.parametrize(
    "title",
    [
        "镇雄236名工人聚集讨薪",
        "西盟32名工人项目部讨薪",
        "滇示县医院迁建项目74名工人堵住项目部大门讨薪",
        "宁洱县11名管道工讨薪",
        "宁洱有人在滇示庄园门口讲拖欠工资的事",
        "消费者刚交了钱的平台被曝欠薪",
        "负责人解释称拖欠工资事出有因",
        "新老承包人都说欠薪不归自己管",
        "昨天那件事老板回应拖欠厨师工资",
        "彝良县拖欠工人工资",
    ],
)
def test_a_phrase_or_a_place_is_nobody(title):
    assert employer(title) is None


@pytest.mark.parametrize(
    ("title", "text", "wanted"),
    [
        ("", "滇示同屿快递有限公司拖欠工资", "滇示同屿快递有限公司"),
        ("", "工人们正等着滇示广硕建设有限公司支付拖欠的工资", "滇示广硕建设有限公司"),
        ("请求帮助解决滇示启岳保安服务有限公司拖欠工资", "", "滇示启岳保安服务有限公司"),
        ("", "人社局正核查滇示禾润建设有限公司拖欠工资一事", "滇示禾润建设有限公司"),
        ("", "其运营方滇示恒筑科技有限公司拖欠老师工资", "滇示恒筑科技有限公司"),
        ("", "怒江滇示大数据系统集成有限公司拖欠工资", "怒江滇示大数据系统集成有限公司"),
        ("", "滇示向阳给排水工程有限公司拖欠工资", "滇示向阳给排水工程有限公司"),
        ("", "昭通市威信县滇示食品厂拖欠工人工资", "威信县滇示食品厂"),
        ("", "甲市乙县云南省滇示建设有限公司拖欠工人工资", "云南省滇示建设有限公司"),
        ("昭通市永善县滇示隧道项目部拖欠工资", "", "滇示隧道项目部"),
        ("名都项目滇示吴越建筑公司拖欠33名工人工资", "", "滇示吴越建筑公司"),
        ("滇示保险公司不给员工发工资", "", "滇示保险公司"),
        ("", "滇示快递网点拖欠骑手工资", "滇示快递网点"),
        ("网点欠薪", "款项已拨至外包公司，工资仍未发放", "外包公司"),
    ],
)
def test_only_the_name_is_taken(title, text, wanted):
    assert employer(title, text) == wanted


def test_a_school_that_lends_a_project_its_name_owes_nobody():
    assert employer("", "蒙自市滇示中学教学楼工程的43名工人被拖欠工资") != "蒙自市滇示中学"
    assert employer("", "蒙自市滇示中学拖欠教师工资") == "蒙自市滇示中学"


@pytest.mark.parametrize(
    "text",
    [
        "经核实，滇示庆垅水利有限公司拖欠15名工人工资。",
        "滇示庆垅水利有限公司因资金周转困难拖欠工资。",
        "滇示庆垅水利有限公司承建的水库工程自6月份以来拖欠工资。",
    ],
)
def test_the_registered_company_owes_rather_than_the_worksite(text):
    assert employer("关于网传滇示水库枢纽工程拖欠工资的说明", text) == "滇示庆垅水利有限公司"


def test_the_one_who_took_the_work_on_and_hired_owes():
    assert employer("", "去年3月，何大山承包了一处水渠并雇了10名工人，完工后他没有给工人发工资。") == "何大山"
    assert employer("", "何某是一名包工头，完工后拖欠11名工人工资。") == "何某"


def test_the_developer_does_not_owe_what_a_foreman_owes():
    text = "滇示岭东置业有限公司开发的楼盘，包工头尹某拖欠我们工资。"
    assert employer("包工头尹某拖欠工资", text) == "尹某"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("滇示恒远劳务有限公司", True), ("滇示集团", True), ("滇示制衣厂", True), ("滇示养老服务中心", True),
     ("某建筑公司", False), ("一家公司", False), ("滇示隧道项目部", False), ("尹某", False),
     ("74名工人堵住公司", False), ("滇示河道治理工程", False)],
)  # fmt: skip
def test_what_is_a_companys_own_name(name, wanted):
    assert firm_names.is_company(name) is wanted
