"""Demonstrations of attention on made-up vectors."""
