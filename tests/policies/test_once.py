"""The policy server of the installed SDK reads each resource once a request, and what policies see is the same."""

import subprocess
import sys

PROGRAM = """
import collections, json
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy, policy as sdk
from policies.once import read_once

seen, reads = collections.defaultdict(list), collections.Counter()
plain = sdk.json_format.MessageToDict

def counting(message, *more):
    reads[type(message).__name__] += 1
    return plain(message, *more)

sdk.json_format.MessageToDict = counting
if ONCE:
    read_once()

def resource(name):
    return ResourceValidationPolicy(name, "d", validate=lambda args, report: seen[name].append(args.props["size"]))

def stack(name):
    return StackValidationPolicy(name, "d", validate=lambda args, report: seen[name].append([r.props["size"] for r in args.resources]))

server = sdk._PolicyAnalyzerServicer(
    "p", "1.0.0", [resource("a"), resource("b"), stack("c"), stack("d")], EnforcementLevel.MANDATORY)
for size in (1, 2):
    request = proto.AnalyzeRequest(type="t", urn="u", name="n")
    request.properties.update({"size": size})
    server.Analyze(request, None)
whole = proto.AnalyzeStackRequest()
for size in (3, 4):
    one = whole.resources.add(type="t", urn=f"u{size}", name="n")
    one.properties.update({"size": size})
server.AnalyzeStack(whole, None)
print(json.dumps({"seen": seen, "reads": sum(reads.values())}))
"""


def run(once: bool) -> dict[str, object]:
    """In a process of its own: the SDK is changed for good."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("ONCE", str(once))], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_each_resource_is_read_once_a_request_and_no_policy_sees_another() -> None:
    before, after = run(once=False), run(once=True)
    assert after["seen"] == before["seen"] == {"a": [1, 2], "b": [1, 2], "c": [[3, 4]], "d": [[3, 4]]}
    assert (before["reads"], after["reads"]) == (8, 4)
