"""Records of real turns: made into scenarios, and taken again."""
