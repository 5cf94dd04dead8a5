"""The audit directory: written whole or not at all, read back."""

from doubtcli.store.document import SCHEMA_VERSION, render_json
from doubtcli.store.doubts import doubts_table
from doubtcli.store.folder import check_folder, default_folder
from doubtcli.store.read import StoredAudit, read_audit, read_document
from doubtcli.store.write import write_audit

__all__ = [
    "SCHEMA_VERSION",
    "StoredAudit",
    "check_folder",
    "default_folder",
    "doubts_table",
    "read_audit",
    "read_document",
    "render_json",
    "write_audit",
]
