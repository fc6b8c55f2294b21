"""One self-contained page that shows who was found where, and why."""
