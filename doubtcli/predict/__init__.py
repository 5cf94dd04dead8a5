"""Features and labels -> out-of-fold predicted probabilities, and the models' skill.

No row is ever judged by a model that was fitted on it or on its duplicates.
"""
