"""Keyword rules beside a plain loop: ``python -m benchmarks.rules [--rules 1000] [--reports 2000]``.

The same rules on the same reports in the same run, by CPU time: the automaton over all rules' words, and a loop that
asks `in` or `re` of every rule, as one would write it first. Then patterns made to be slow, on texts made for them:
what the worst of those that are accepted cost beside reading the text, and that the known killers are refused.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence

from monitors.opinion import lab_gold
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import Reading, read
from monitors.opinion.normalise import view
from monitors.opinion.rule_grammar import MAX_ALL_STEPS, MAX_RULES, Near, Rule, RulesError, Term, Word, parse, terms
from monitors.opinion.rule_match import Matcher, Origin
from monitors.opinion.rule_patterns import Pattern

LENGTH = 800  # characters of a report, about
LONG = 8_000  # of a text made to be slow: as much as the judge reads
LOOPED = 200  # reports the plain loop is asked of; it is linear in them
# Accepted, each close to what is allowed, and the text that makes the most of it.
SLOW = {
    "[a-z]{50}[a-z]{50}[0-9]": "a" * LONG,
    "(讨薪|讨.){0,6}[队][伍]": "讨薪" * (LONG // 2),
    "(工人|工.|.人)(工人|工.|.人)(工人|工.|.人)(工人|工.|.人)[队]": "工人" * (LONG // 2),
    ".{0,22}.{0,22}[队][伍]": "工" * LONG,
    "(甲?乙?丙?丁?戊?己?庚?辛?){1}[壬][癸]": "甲乙丙丁戊己庚辛" * (LONG // 8),
}
KILLERS = ("(a+)+b", "(a|a)*b", "(a{1,50}){1,50}b", "(.{0,50}.{0,50}){2}x", ".{0,50}" * 4 + "x", "(?=a)b", r"(a)\1")


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this process's processor."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def texts(count: int) -> list[tuple[str, str]]:
    """Reports of the project's own sentences, each another mixture."""
    dice = random.Random(3)
    rows = [json.loads(line) for line in lab_gold.GOLD.read_text(encoding="utf-8").splitlines()]
    told = [f"{row['title']}。{row['text']}" for row in rows]
    found = []
    for number in range(count):
        body = ""
        while len(body) < LENGTH:
            body += dice.choice(told)
        found.append((str(rows[number % len(rows)]["title"]), body))
    return found


def rules(count: int, sample: Sequence[tuple[str, str]]) -> list[Rule]:
    """Rules of ten words, a pair and what must not be, some with a pattern; one word in ten stands in some report."""
    dice = random.Random(4)
    characters = sorted({one for _, body in sample for one in body if "\u4e00" <= one <= "\u9fff"})

    def word() -> str:
        if dice.random() < 0.1:
            body = dice.choice(sample)[1]
            at = dice.randrange(len(body) - 4)
            if re.fullmatch(r"[\u4e00-\u9fff]{4}", body[at : at + 4]):
                return body[at : at + 4]
        return "".join(dice.choices(characters, k=dice.randint(2, 5)))

    blocks = []
    for number in range(count):
        lines = [f"【规则{number}】", " ".join(word() for _ in range(10)), f"近(12)：{word()} {word()}", f"!{word()}"]
        if number % 4 == 0:  # as many as the limit of all patterns together lets stand
            lines.append(f"/{word()}.{{0,6}}(队伍|车队)/")
        blocks.append("\n".join([*lines, "级别：III"]))
    found: list[Rule] = []
    for start in range(0, count, MAX_RULES):  # more than a set may hold: parsed in sets
        found += parse("\n\n".join(blocks[start : start + MAX_RULES]))
    return found


def by_loop(asked: Sequence[Rule], title: str, body: str) -> list[str]:
    """The names of the rules that hit, each word and pattern looked for by itself."""
    fields = {"title": view(title).text, "text": view(body).text}

    def stands(term: Term, rule: Rule) -> bool:
        for name in rule.fields:
            text = fields[name]
            if isinstance(term, Word):
                if term.form in text:
                    return True
            elif isinstance(term, Near):
                first, second = (re.escape(one.form) for one in term.words)
                if re.search(f"{first}.{{0,{term.gap}}}{second}|{second}.{{0,{term.gap}}}{first}", text):
                    return True
            elif term.compiled.search(text):
                return True
        return False

    def hits(rule: Rule) -> bool:
        some = not rule.some or any(stands(one, rule) for one in rule.some)
        every = all(any(stands(one, rule) for one in line) for line in rule.every)
        return some and every and not any(stands(one, rule) for one in rule.never)

    return [rule.name for rule in asked if hits(rule)]


def matching(asked: Sequence[Rule], reports: Sequence[tuple[str, str]]) -> None:
    """All rules on all reports, and the loop on some of them."""
    lexicon = shipped()
    built = cpu(lambda: Matcher(asked))
    matcher = Matcher(asked)
    readings = [(read(title, lexicon), read(body, lexicon)) for title, body in reports]

    def ours(some: Sequence[tuple[Reading, Reading]]) -> list[list[str]]:
        return [[hit.rule.name for hit in matcher.find(*one, origin=Origin(), region="", scope="本省")] for one in some]

    all_of_them = cpu(lambda: ours(readings))
    some = reports[:LOOPED]
    mine, theirs = cpu(lambda: ours(readings[:LOOPED])), cpu(lambda: [by_loop(asked, *one) for one in some])
    found, plain = ours(readings[:LOOPED]), [by_loop(asked, *one) for one in some]
    missed = sum(len(set(b) - set(a)) for a, b in zip(found, plain, strict=True))
    words = sum(1 for rule in asked for _ in terms(rule))
    print(
        f"{len(asked)} rules of {words} words, pairs and patterns, {len(reports)} reports of {LENGTH} characters:"
        f" {all_of_them:.2f} s, {1000 * all_of_them / len(reports):.3f} ms a report; the automaton is built in"
        f" {built:.2f} s"
    )
    print(
        f"  a plain loop of `in` and re, {len(some)} of the reports: {theirs:.2f} s, {1000 * theirs / len(some):.1f} ms"
        f" a report, {theirs / mine:,.0f} x; {sum(map(len, found))} hits, {missed} of the loop's missed"
    )


def hostile() -> None:
    """What the accepted patterns cost at their worst, alone and as many as a set may hold; the others are refused."""
    lexicon = shipped()

    def took(found: Sequence[Rule], body: str) -> float:
        matcher, document = Matcher(found), (read("", lexicon), read(body, lexicon))
        return min(cpu(lambda: matcher.find(*document, origin=Origin(), region="", scope="")) for _ in range(3))

    for pattern, body in SLOW.items():
        alone = parse(f"【规则】\n/{pattern}[尾]/")
        steps = next(term.steps for term in terms(alone[0]) if isinstance(term, Pattern))
        reading = cpu(lambda body=body: [read(body, lexicon) for _ in range(10)]) / 10
        most = MAX_ALL_STEPS // steps
        several = parse("\n\n".join(f"【规则{n}】\n/{pattern}[{chr(0x4E00 + n)}]/" for n in range(most)))
        one, full = took(alone, body), took(several, body)
        print(
            f"  /{pattern}/, {steps} steps, {len(body)} characters: {1000 * one:.0f} ms, {one / reading:.1f} x reading"
            f" the text; {most} such rules, all that a set may hold: {1000 * full:.0f} ms, {full / reading:.0f} x"
        )
    refused = 0
    for pattern in KILLERS:
        try:
            parse(f"【规则】\n/{pattern}/")
        except RulesError:
            refused += 1
    print(f"  {refused} of {len(KILLERS)} patterns that may never end are refused")


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rules", type=int, default=1_000)
    options.add_argument("--reports", type=int, default=2_000)
    arguments = options.parse_args()
    reports = texts(arguments.reports)
    matching(rules(arguments.rules, reports), reports)
    print("patterns made to be slow")
    hostile()


if __name__ == "__main__":
    main()
