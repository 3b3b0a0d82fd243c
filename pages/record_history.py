"""The history of a record (办理过程) beside its facts: who did what when, and what became of which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitors.clock import stamp
from monitors.ledger import history_words
from monitors.ledger.events import Event
from monitors.ledger.history_words import Names
from pages.markup import Html, tag


def drawn(history: Sequence[Event], names: Names, called: Mapping[str, str] | None = None) -> Html:
    """Newest first. ``called``: what this kind of record calls its columns."""
    steps = []
    for event in history:
        changes = history_words.lines(event, names, called or {})
        if event.note and not any(event.note in line for line in changes):
            changes = (*changes, event.note)
        told = tag("ul", *(tag("li", line) for line in changes)) if changes else ""
        steps.append(
            tag("li", tag("b", event.act), tag("span", f"{event.actor}　{stamp(event.at)}", class_="who"), told)
        )
    return tag("div", tag("h4", f"办理过程（{len(steps)}）"), tag("ol", *steps), class_="case-history")
