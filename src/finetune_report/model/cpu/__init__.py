"""What makes training on a CPU fast; nothing here runs on a GPU."""
