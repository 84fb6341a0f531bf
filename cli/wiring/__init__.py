"""Whether every connection of a platform is true, by the objects of its cluster or by those that its program would make."""
