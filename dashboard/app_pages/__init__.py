"""Page scripts: they lay out, nothing else."""
