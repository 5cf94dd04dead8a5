import sys

from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

# No test measures time: a busy machine is no defect. The suite draws the same examples each time, so that a
# change is judged by what it changed; `make explore` draws others, and remembers those that failed.
settings.register_profile("same-draws", deadline=None, derandomize=True)
settings.register_profile(
    "explore", deadline=None, max_examples=500, database=DirectoryBasedExampleDatabase(".hypothesis/examples")
)
settings.load_profile("same-draws")

# the golden record takes minutes: it runs when it is asked for by name
collect_ignore = [] if any("golden" in argument for argument in sys.argv) else ["golden"]
