"""The version written on every judgement follows from the rules themselves: nobody has to remember to raise it."""

import ast
import re
import shutil
from pathlib import Path

import pytest

from monitors.opinion import rule_version, trained
from monitors.settings import ROOT


@pytest.fixture
def copied(tmp_path) -> Path:
    for folder in ("monitors/opinion", "monitors/regions", "data/lexicon", "data/regions"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def imported(module):
    """Modules of ours that ``module`` imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("monitors"):
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield inner if (ROOT / f"{inner.replace('.', '/')}.py").is_file() else node.module
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.startswith("monitors"))


def test_every_room_the_judge_comes_by_is_counted():
    reached, ahead = set(), ["monitors.opinion.judge"]
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += [] if module in rule_version.BESIDE else imported(module)
    counted = rule_version.rooms(ROOT)
    assert sorted(reached - set(rule_version.BESIDE)) == counted
    assert {f"monitors.opinion.{room}" for room in ("stance", "severity", "snow_model")} < set(counted)
    assert {f"monitors.regions.{room}" for room in ("divisions", "contexts")} < set(counted)


def test_a_copy_of_the_rules_is_the_same_version(copied):
    assert rule_version.digest(copied) == rule_version.digest(ROOT)


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("monitors/opinion/stance.py", "锦旗", "锦标"),
        ("monitors/opinion/severity.py", "return", "return 0 or"),
        ("monitors/regions/contexts.py", "电头", "头"),
        ("data/lexicon/terms.csv", "讨薪", "讨饭"),
        ("data/lexicon/relevance.csv", "0", "1"),
        ("data/lexicon/facts.json", "0.1", "0.2"),
        ("data/lexicon/employer.json", "0", "1"),
        ("data/lexicon/stance.json", "0", "1"),
        ("data/regions/lookalikes.csv", "大理", "大意"),
    ],
)
def test_a_changed_rule_word_weight_or_place_is_another_version(copied, file, before, after):
    path = copied / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert rule_version.digest(copied) != rule_version.digest(ROOT)


def test_a_rule_that_moved_to_another_file_is_another_version(copied):
    first, second = (copied / "monitors/opinion" / name for name in ("sums.py", "stance.py"))
    first.write_bytes(first.read_bytes() + second.read_bytes())
    second.write_bytes(b"")
    assert rule_version.digest(copied) != rule_version.digest(ROOT)


def test_a_room_the_judge_newly_comes_by_is_counted_from_the_start(copied):
    before = rule_version.digest(copied)
    (copied / "monitors/opinion/novelty.py").write_text("WORD = 1\n", encoding="utf-8")
    assert rule_version.digest(copied) == before
    stance = copied / "monitors/opinion/stance.py"
    stance.write_text(f"from monitors.opinion import (\n    novelty,\n)\n{stance.read_text()}", encoding="utf-8")
    assert "monitors.opinion.novelty" in rule_version.rooms(copied)
    known = rule_version.digest(copied)
    (copied / "monitors/opinion/novelty.py").write_text("WORD = 2\n", encoding="utf-8")
    assert rule_version.digest(copied) != known


def test_remarks_and_blank_lines_and_other_rooms_do_not_count(copied):
    path = copied / "monitors/opinion/stance.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n\n# A remark.\n    # Another.\n".join(lines[:3]) + "\n" + "\n".join(lines[3:]), encoding="utf-8")
    (copied / "monitors/opinion/fetch.py").write_text("", encoding="utf-8")
    assert rule_version.digest(copied) == rule_version.digest(ROOT)


def test_the_version_is_short_enough_to_be_read_out():
    assert re.fullmatch(r"规则 \d{4}\.\d{2}·[0-9a-f]{8}", trained.shipped_version())
