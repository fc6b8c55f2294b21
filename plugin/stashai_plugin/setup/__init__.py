"""Fetching what recognition needs: asked for once, done by a process of its own."""
