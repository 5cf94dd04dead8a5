"""What `doubt` is asked to do: defaults, then a settings file, then flags, checked into one record."""

from doubtcli.settings.load import load_settings
from doubtcli.settings.scan import FILE_KEYS, ScanSettings

__all__ = ["FILE_KEYS", "ScanSettings", "load_settings"]
