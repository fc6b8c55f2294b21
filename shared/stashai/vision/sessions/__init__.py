"""Runtimes behind the three methods of a session; the only modules that import one."""
