"""A table -> the part that each of its columns plays."""

from __future__ import annotations

from doubtcli.read.choices import RoleChoices
from doubtcli.read.roles.assign import assign_roles

__all__ = ["RoleChoices", "assign_roles"]
