"""What the chart relies on and this tree may not have yet. Once it has all of it, empty this file's lists: from then on whatever
is missing fails."""

# Flags that the program may lack still; the checks against the program leave their keys out.
FLAGS = ()
# Files of the chart that may be missing still; tests about them are skipped.
FILES = ()
