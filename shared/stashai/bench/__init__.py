"""Speed, memory and quality, measured side by side."""
