"""SnowNLP and its bulk twin on the same texts in the same run: characters per second, ratio, differences, memory.

python -m benchmarks.snow [--texts 60] [--chars 300]
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from monitors.opinion.snow import SnowScorer

CLAUSES = (
    "工地停工以后包工头就联系不上了",
    "四十多名农民工半年没有拿到工资",
    "县里的劳动监察大队已经介入调查",
    "项目部承诺月底之前把钱发到个人账户",
    "大家只想拿着钱回家过年",
    "房间很干净服务也不错",
    "物流太慢包装破损客服没有回复",
    "天气转凉山区道路结冰请注意安全",
    "公司表示资金紧张正在多方筹措",
    "今年的核桃和花椒都卖出了好价钱",
)


def texts(count: int, chars: int) -> list[str]:
    """Distinct texts: clauses with random names and numbers between them, so that few runs repeat."""
    chance = random.Random(1)
    answer = []
    for _ in range(count):
        text = ""
        while len(text) < chars:
            clause = chance.choice(CLAUSES)
            cut = chance.randint(0, len(clause))
            name = "".join(chr(chance.randint(0x4E00, 0x8FFF)) for _ in range(chance.randint(1, 3)))
            text += clause[:cut] + name + clause[cut:] + chance.choice("，。！；12")
        answer.append(text)
    return answer


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=60)
    options.add_argument("--chars", type=int, default=300)
    arguments = options.parse_args()
    sample = texts(arguments.texts, arguments.chars)
    size = sum(map(len, sample))

    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        SnowScorer(Path(folder))
        built = time.perf_counter() - begin
        begin = time.perf_counter()
        scorer = SnowScorer(Path(folder))
        loaded = time.perf_counter() - begin
    scorer.score(sample[:2])
    begin = time.perf_counter()
    bulk = scorer.score(sample)
    bulk_seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    single = [scorer.score([text])[0] for text in sample]
    single_seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    begin = time.perf_counter()
    from snownlp import SnowNLP  # noqa: PLC0415 - its import is part of what is measured

    imported = time.perf_counter() - begin
    begin = time.perf_counter()
    original = [SnowNLP(text).sentiments for text in sample]
    original_seconds = time.perf_counter() - begin
    memory_original = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    print(f"{len(sample)} texts of {arguments.chars} characters, {size} characters")
    print(f"start         first {built:.1f} s (conversion), later {loaded:.2f} s; SnowNLP import {imported:.1f} s")
    print(f"SnowNLP       {size / original_seconds:12,.0f} chars/s        1.0 x   peak {memory_original:.0f} MB")
    for name, seconds in (("one by one", single_seconds), ("in bulk", bulk_seconds)):
        ratio = original_seconds / seconds
        print(f"{name:13} {size / seconds:12,.0f} chars/s {ratio:10.1f} x   peak {memory:.0f} MB")
    differing = sum(a != b or a != c for a, b, c in zip(original, bulk, single, strict=True))
    print(f"scores that differ: {differing}")


if __name__ == "__main__":
    main()
