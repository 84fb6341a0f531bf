"""The simulated `aws` provider: a table a service, real API calls against moto where moto has the service."""
