"""Time, memory and size of the platform beside plain kubectl and a bare Pulumi program."""
