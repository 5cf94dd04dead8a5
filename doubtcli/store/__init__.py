"""The audit directory: written whole or not at all, and read back."""

from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.document import render_document
from doubtcli.store.folder import StoredAudit, check_folder, default_folder, read_audit, write_audit

__all__ = [
    "StoredAudit",
    "check_folder",
    "default_folder",
    "describe_audit",
    "read_audit",
    "render_document",
    "tabulate_doubts",
    "write_audit",
]
