"""What may be said of measured scores: estimates, intervals, tests, families of comparisons, selection."""
