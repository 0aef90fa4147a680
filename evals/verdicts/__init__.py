"""What runs, and the verdicts of a judge, allow to say, and how surely."""
