"""Five resources for the fault switches to delay or interrupt."""

import pulumi_random as random

for index in range(5):
    random.RandomId(f"id{index}", byte_length=4)
