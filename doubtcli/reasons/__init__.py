"""Why a label may be doubted: one file per reason, all of the shape that `contract` describes."""
