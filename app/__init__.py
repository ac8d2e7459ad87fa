"""Composition: command line, configuration, the Textual app, the worker and the demo system."""
