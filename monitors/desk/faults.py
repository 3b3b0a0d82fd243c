"""What the desk refuses, said at the field it concerns; nothing is written then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitors.errors import InputError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: ``field`` as in ``ways.Need``, ``words`` the Chinese sentence."""

    field: str
    words: str
    code: str = ""  # the desk numbers none; forms ask for it

    def __str__(self) -> str:
        return self.words


class DeskError(InputError):
    """The act was refused; nothing was written. ``faults`` says what is wrong, field by field."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("；".join(dict.fromkeys(str(one) for one in faults)))
        self.faults = tuple(faults)


def refuse(*faults: Fault | None) -> None:
    """Go on only where nothing is wrong.

    Raises:
        DeskError: with everything that is.
    """
    found = [one for one in faults if one is not None]
    if found:
        raise DeskError(found)
