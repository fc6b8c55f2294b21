"""Stash's tasks."""
