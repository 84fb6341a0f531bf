"""The generic engine of a simulated cloud: one `Spec` a resource type says what the schema cannot."""
