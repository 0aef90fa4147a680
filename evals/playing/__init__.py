"""A scenario played on the twin, by a clock of its own, and what is to be seen of it."""
