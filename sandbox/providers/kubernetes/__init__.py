"""The simulated `kubernetes` provider: pulumi-kubernetes' rules on a real API server.

Rules are those of github.com/pulumi/pulumi-kubernetes as read on 2026-11-23 (July 2026 source, provider 4.34);
nothing of it is copied.
"""
