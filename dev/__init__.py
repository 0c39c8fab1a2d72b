"""What `make` starts on a developer's machine; never deployed."""
