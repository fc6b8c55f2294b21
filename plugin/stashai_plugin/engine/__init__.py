"""Who looks: this host or a worker."""
