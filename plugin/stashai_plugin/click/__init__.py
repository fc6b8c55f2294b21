"""A person's click: short steps on one row."""
