"""Many questions at once: read from a sheet, worked off, and written to one."""
