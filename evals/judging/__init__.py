"""Whether what is expected was done, and how it was texted."""
