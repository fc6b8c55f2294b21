"""What was seen, as rows keep it and as pages show it."""
