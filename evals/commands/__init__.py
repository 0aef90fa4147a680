"""The commands about scenarios, runs and records."""
