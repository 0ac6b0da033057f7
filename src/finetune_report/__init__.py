"""A write-up of fine-tuned text classifiers, regenerated from their runs."""
