"""Falsifying a finished report's results, to see that each change is noticed."""
