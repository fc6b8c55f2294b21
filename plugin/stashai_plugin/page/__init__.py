"""Our page: health, jobs, charts, services."""
