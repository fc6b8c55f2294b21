"""The registry of services and the way to a worker."""
