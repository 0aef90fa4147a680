"""Scenarios gathered and evaluated, and the runs they came to."""
