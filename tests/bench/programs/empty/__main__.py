"""Registers nothing: what is left is the engine's own time and the interpreter's."""
