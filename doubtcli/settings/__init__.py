"""What `doubt` is asked to do: defaults, then a settings file, then flags, checked into records."""

from doubtcli.settings.flags import as_flags
from doubtcli.settings.gate import GATE_KEYS, LIMITS, GateSettings
from doubtcli.settings.limit import EACH, Limit
from doubtcli.settings.load import GatePlan, load_gate, load_settings
from doubtcli.settings.scan import FILE_KEYS, ScanSettings

__all__ = [
    "EACH",
    "FILE_KEYS",
    "GATE_KEYS",
    "LIMITS",
    "GatePlan",
    "GateSettings",
    "Limit",
    "ScanSettings",
    "as_flags",
    "load_gate",
    "load_settings",
]
