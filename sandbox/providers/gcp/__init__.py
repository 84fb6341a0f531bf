"""The simulated `gcp` provider."""
