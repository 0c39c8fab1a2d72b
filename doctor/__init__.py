"""What `make doctor` finds out: whether this configuration can work, and what to do where it cannot; never deployed."""
