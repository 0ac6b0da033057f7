"""Labelled texts: where they lie, how they are read, detected and checked."""
