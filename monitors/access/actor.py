"""Who acts: a signed-in person, the operator at the console, or the system itself. Every write takes one."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from monitors.access import roles
from monitors.access.roles import Role
from monitors.access.scope import PROVINCE, Scope
from monitors.errors import RefusedError
from monitors.regions import divisions


@dataclass(frozen=True, slots=True)
class Actor:
    """``name`` is the sign-in name, ``display`` the person's; ``address`` where the act comes from.

    ``role`` None is the system or the console: whoever can run commands on the server can read its files anyway; what
    they do through the product is recorded under their system account. ``session`` identifies the sign-in, not secret.
    """

    account_id: int | None
    name: str
    display: str
    role: Role | None
    region: str
    address: str
    session: str = ""

    @property
    def scope(self) -> Scope:
        """The records this person may see."""
        return Scope(self.region)

    def may(self, action: str, region: str | None = None) -> bool:
        """Whether the action is allowed, and, where ``region`` is given, on a record of that division."""
        allowed = self.role is None or roles.may(self.role, action)
        return allowed and (region is None or self.scope.covers(region))

    def require(self, action: str, region: str | None = None, *, kind: str = "", target: str = "") -> None:
        """Go on only where ``may`` says so. ``kind`` and ``target`` name the record for the audit trail.

        Raises:
            RefusedError: not allowed; ``monitors.access.acting`` records it.
        """
        if self.role is not None and not roles.may(self.role, action):
            words = f"您的角色“{self.role}”不能{roles.MATRIX[action].words.split('（')[0]}"
            raise RefusedError(words, action=action, kind=kind, target=target)
        if region is not None and not self.scope.covers(region):
            words = f"该记录不在您的辖区（{divisions.full_name(self.region)}）内"
            raise RefusedError(words, action=action, kind=kind, target=target)


SYSTEM = Actor(None, "系统", "系统", None, PROVINCE, "本机")


def console() -> Actor:
    """The operator who runs a command on the server."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "未知"
    return Actor(None, f"控制台:{name}", f"控制台:{name}", None, PROVINCE, "命令行")
