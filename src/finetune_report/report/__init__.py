"""From results to the write-up: values, claims, checks and rendering."""
