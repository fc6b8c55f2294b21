"""The command line: everything without Stash."""
