"""The seam of all services: Processor, registry, runner, context."""
