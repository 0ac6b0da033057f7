"""Running jobs: locks, signals, system errors. Nothing here can change a byte of a result."""
