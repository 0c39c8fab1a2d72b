"""What operators do to a running Anyroom: look, mend, export, erase, back up; dry unless told, never deployed."""
