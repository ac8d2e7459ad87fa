"""Draws plans, runs one step in a process of its own, resumes, holds the lease."""
