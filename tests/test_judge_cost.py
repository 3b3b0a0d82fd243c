"""What one report may cost the judge: its work grows with the text's length, whatever the text is made of.

A pattern whose repetition has no bound, tried at every character, costs the square of the text; one that can take the
same words in two ways costs twice as much with every word more. A list walked through for each word found does the
same in Python. None of this is measured by the clock: patterns are looked at, steps are counted, and what might never
end runs in a child that is killed.
"""

import ast
import importlib
import itertools
import re
import re._constants as ops
import re._parser as grammar
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitors import settings
from monitors.opinion import rule_version
from monitors.opinion.judge import Judge, Report

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
# Read once at the start, not over reports: SnowNLP's evaluation, the tables of words and places.
READ_ONCE = {f"monitors.opinion.{name}" for name in ("lexicon", "snow", "snow_model")} | {"monitors.regions.divisions"}
ROOMS = sorted(set(rule_version.rooms(ROOT)) - READ_ONCE)

REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)


class Even:
    def score(self, texts):
        return [0.5] * len(texts)


def compiled(room):
    """The patterns of a module by name, those in its tables included."""
    for name, value in vars(importlib.import_module(room)).items():
        rows = value if isinstance(value, tuple | list) else (value,)
        for one in itertools.chain.from_iterable(row if isinstance(row, tuple) else (row,) for row in rows):
            if isinstance(one, re.Pattern):
                yield name, one.pattern


def written(room):
    """Patterns written where they are used, by line; a name inside one stands as X."""

    def text(node):
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(map(text, node.values))
        return text(node.left) + text(node.right) if isinstance(node, ast.BinOp) else "X"

    tree = ast.parse(Path(importlib.import_module(room).__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).startswith("re."):
            yield f"line {node.lineno}", text(node.args[0])


def parts(parsed):
    """Every node of a parsed pattern, at any depth."""
    for op, value in parsed:
        yield op, value
        if op in REPEATS:
            yield from parts(value[2])
        elif op is ops.SUBPATTERN:
            yield from parts(value[3])
        elif op in (ops.ASSERT, ops.ASSERT_NOT):
            yield from parts(value[1])
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield from parts(branch)


def is_run(pattern):
    """Whether this is one repetition and nothing else ([^，。]+): taken whole wherever it begins, never tried again."""
    parsed = grammar.parse(pattern)
    return len(parsed) == 1 and parsed[0][0] in REPEATS


@pytest.mark.parametrize("room", ROOMS)
def test_no_pattern_repeats_without_a_bound(room):
    found = [*compiled(room), *written(room)]
    unbounded = {
        name
        for name, pattern in found
        if not is_run(pattern)
        for op, value in parts(grammar.parse(pattern))
        if op in REPEATS and value[1] is ops.MAXREPEAT
    }
    assert not unbounded


def literal(parsed):
    """The words a piece of a pattern stands for, where it is words and nothing else; None otherwise."""
    words = [""]
    for op, value in parsed:
        if op is ops.LITERAL:
            more = [chr(value)]
        elif op is ops.SUBPATTERN and value[0] is None:
            more = literal(value[3])
        elif op is ops.BRANCH:
            branches = [literal(branch) for branch in value[1]]
            more = None if None in branches else list(itertools.chain.from_iterable(branches))
        else:
            more = None
        if more is None:
            return None
        words = [left + right for left in words for right in more]
    return words


@pytest.mark.parametrize("room", ROOMS)
def test_no_repeated_word_stands_twice_in_its_list(room):
    twice = {
        (name, word)
        for name, pattern in compiled(room)
        for op, value in parts(grammar.parse(pattern))
        if op in REPEATS and value[1] > 1
        for word, times in Counter(literal(value[2]) or ()).items()
        if times > 1
    }
    assert not twice


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────
CROWDED = {
    "owed to workers": "拖欠民工",
    "verbs, then workers": ("拖欠", "民工"),
    "wages, then claims": ("工资", "讨要"),
    "strikes over wages": "停工劳务费欠",
    "debts": "拖欠货款工资",
    "sweat": "血汗钱父母工人",
    "companies that owe": "公司欠薪",
    "foremen": "包工头张三，老板李四公司",
    "crowds": "30名工人、20名民工和",
    "each of them": "每人8000元，30人，",
    "sums": "拖欠工资8200元，",
    "places": "云南省昭通市镇雄县、安宁大理朝阳",
    "seized": "领到拖欠的工资",
    "climbing": "爬上塔吊欠薪死亡",
}


def steps(judge, text):
    """Lines run and generators resumed to judge ``text``."""
    count = 0

    def step(_frame, _event, _argument):
        nonlocal count
        count += 1
        return step

    report = Report("拖欠工资", text, NOW, now=NOW, relevant=True)
    before = sys.gettrace()
    sys.settrace(step)
    try:
        judge.judge_many([report])
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="module")
def judge():
    return Judge(settings.load(), scorer=Even())


@pytest.mark.parametrize("name", CROWDED)
def test_four_times_the_text_is_about_four_times_the_work(judge, name):
    unit = CROWDED[name]

    def text(length):
        if isinstance(unit, tuple):
            return "".join(word * (length // len(unit) // len(word)) for word in unit)
        return (unit * length)[:length]

    steps(judge, text(100))  # what is made once and kept
    assert steps(judge, text(2400)) < 6 * steps(judge, text(600))


# ── what might never end ─────────────────────────────────────────────────────────────────────────────────────────────
ENDLESS = (
    "1", "1,", "1 ", "3.", "三", "余", "多", "百余", "数", "等", "等等等公司", "(", ")(", "《", "(集团)有限公司",
    "集团建设工程", "股份有限公司", "方面", "疑似", "投诉举报", "员工称", "局通报", "帮助解决", "里的的", "同一个",
    "共计", "超过", "他他", "某某", "老板张某某", "1月至", "三个月", "欠三个半月", "2025年", "a", "a1", "a-", "@",
    "\u200b", "*", "，", "\n", " ", "拖 欠 ", "qianxin", "云南省昭通市镇雄县", "大理论", "𠀀",
)  # fmt: skip
CHILD = """
import sys
from datetime import UTC, datetime
from monitors import settings
from monitors.opinion import rule_version
from monitors.opinion.judge import Judge, Report
from monitors.opinion.masking import mask

class Even:
    def score(self, texts):
        return [0.5] * len(texts)

judge, now = Judge(settings.load(), scorer=Even()), datetime(2026, 11, 23, tzinfo=UTC)
for unit in eval(sys.stdin.read()):
    print(ascii(unit), flush=True)
    title = (unit * 500)[:480]
    for head in (title, f"某某{title}欠", f"{title}，拖欠工资"):
        judge.judge_many([Report(head, (unit * 8000)[:7990] + "拖欠工资", now, now=now, relevant=True)])
    mask((unit * 20000)[:20000])
print("done")
"""


def test_no_text_holds_the_judge_up():
    # Four minutes for what takes a few seconds: only a search that never ends is stopped by it.
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=repr(ENDLESS),
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.endswith("done\n"), (done.stdout[-40:], done.stderr[-400:])


def test_a_title_as_long_as_a_book_is_read_in_part(judge):
    title = "某县一工地拖欠12名工人工资" + "，详情" * 100_000
    found = judge.judge(title, "", published=NOW, now=NOW)
    assert found.relevant
    assert found.workers == 12
    assert all(one.end <= 500 for one in found.evidence if one.field == "title")
