"""One of each random type; config `keeper` is the password's keeper."""

import pulumi
import pulumi_random as random

config = pulumi.Config()
password = random.RandomPassword("password", length=24, keepers={"version": config.get("keeper") or "1"})
key = random.RandomBytes("key", length=16)
number = random.RandomId("number", byte_length=4, prefix="n-")
shuffled = random.RandomShuffle("shuffled", inputs=["a", "b", "c"], result_count=2, seed="fixed")
random.RandomString("string", length=8, special=False, keepers={"of": number.hex})
random.RandomUuid("uuid")
random.RandomInteger("integer", min=3, max=3)
pulumi.export("password", password.result)
pulumi.export("number", number.hex)
pulumi.export("pet", random.RandomPet("pet").id)
pulumi.export("shuffled", shuffled.results)
