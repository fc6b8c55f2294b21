"""Requests and results as pydantic models, shared by the worker and in-process runs."""
