"""Stash's GraphQL: gateway, media access, write-back with provenance and undo."""
