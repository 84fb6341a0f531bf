"""Simulated Pulumi resource providers: one package a provider, each run as a plugin by the engine."""
