"""The experiment's config: its schema, messages on mistakes, settings and searches over them."""
