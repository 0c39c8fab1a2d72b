"""What Anyroom costs in time, processor and memory, as ratios of a floor measured beside it in the same run."""
