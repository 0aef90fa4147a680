"""What the operator sees: turns as they happen, one timeline each, local and live."""
