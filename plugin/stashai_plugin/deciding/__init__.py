"""What a person says of what was found, the writes that follow, and undo."""
