"""Google Calendar, its add-on host and a conferencing system on a laptop, for development and tests; never deployed."""
