"""An audit, limits, a baseline and waivers -> pass or fail, and the formats that CI systems read."""
