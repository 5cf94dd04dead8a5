"""The reasons to doubt a label: one file for each, all of the form that `contract` describes."""
