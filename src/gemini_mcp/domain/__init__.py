"""Frozen types and pure rules. Standard library and pydantic only; no I/O, no clock, no environment."""
