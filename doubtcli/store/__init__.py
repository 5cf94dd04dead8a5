"""The audit directory: written whole or not at all, read back."""

from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.document import AUDIT_SCHEMA_VERSION, render_document
from doubtcli.store.folder import check_folder, default_folder
from doubtcli.store.read import StoredAudit, read_audit
from doubtcli.store.write import write_audit

__all__ = [
    "AUDIT_SCHEMA_VERSION",
    "StoredAudit",
    "check_folder",
    "default_folder",
    "describe_audit",
    "read_audit",
    "render_document",
    "tabulate_doubts",
    "write_audit",
]
