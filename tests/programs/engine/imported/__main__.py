"""Adopts values that exist, and looks one up without managing it."""

import pulumi
import pulumi_random as random

string = random.RandomString("string", length=5, opts=pulumi.ResourceOptions(import_="abcde"))
number = random.RandomId("number", byte_length=2, prefix="p-", opts=pulumi.ResourceOptions(import_="p-,AQI"))
password = random.RandomPassword.get("password", "found-password")
pulumi.export("string", string.result)
pulumi.export("number", number.hex)
pulumi.export("password", password.result)
