"""Metrics, intervals, tests, and the choice among settings. Plain numbers in, plain numbers out."""
