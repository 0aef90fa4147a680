"""The desk of `threedots phone`: prompts are edited there, turns tried again, talks forked."""
