from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def long_passwords(args, report):
    if args.resource_type == "random:index/randomPassword:RandomPassword" and args.props["length"] < 32:
        report("use at least 32 characters")


PolicyPack(
    "lengths",
    policies=[ResourceValidationPolicy("long-passwords", "Passwords are long.", long_passwords, EnforcementLevel.MANDATORY)],
)
