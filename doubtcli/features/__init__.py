"""Table -> feature matrices.

Nothing here looks at a label, so one set of features serves every fold.
"""
