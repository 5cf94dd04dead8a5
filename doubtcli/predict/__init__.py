"""Features and labels -> out-of-fold predicted probabilities, and the skill of the models.

No row is judged by a model that was fitted on it or on its duplicates.
"""
