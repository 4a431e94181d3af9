"""Management commands of the application `stowage_django`."""
