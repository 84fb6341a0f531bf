"""The mapping: which component each system is on each target. It imports nothing, so everything may import it."""
