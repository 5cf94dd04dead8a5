"""An audit, its data file and people's verdicts -> a corrected file and its ledger; and how to undo it."""
