"""Settings: defaults, then a settings file, then flags, checked and made into records."""

from doubtcli.settings.fields import EACH, Limit
from doubtcli.settings.gate import BASELINE_FILE, GATE_KEYS, LIMITS, WAIVERS_FILE, GateSettings
from doubtcli.settings.load import GatePlan, load_gate, load_settings
from doubtcli.settings.scan import FILE_KEYS, ScanSettings, render_flags

__all__ = [
    "BASELINE_FILE",
    "EACH",
    "FILE_KEYS",
    "GATE_KEYS",
    "LIMITS",
    "WAIVERS_FILE",
    "GatePlan",
    "GateSettings",
    "Limit",
    "ScanSettings",
    "load_gate",
    "load_settings",
    "render_flags",
]
