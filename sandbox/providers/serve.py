"""What all simulated providers share: the plugin server.

A provider is a package with a `__main__.py` of three lines::

    from sandbox.providers.serve import Call, Created, Found, Provider, serve

    class Random(Provider):                       # sandbox/providers/model.py documents every method and field
        name = "random"
        def create(self, call: Call) -> Created: ...   # plain def: runs in a thread; async def: on the event loop
        ...

    if __name__ == "__main__":
        serve(Random())

API (all importable from here)
- `Provider`: override check, diff, create, read, update, delete, invoke, construct, check_config, diff_config, configure,
  cancel, start, close, schema. `self.faults` is set by `serve`; `before` and `after` of every operation are called here.
- `Call`: op, urn, type, name, id, inputs, old_inputs, old_outputs, preview, timeout, ignore_changes, seed, proposed_name,
  config, secrets. `call.config` is that of the provider resource the call came through (explicit ones have their own).
- Answers: `Checked(inputs, failures)`, `Changes(paths, replace, delete_first)`, `Changes.between(old, new, replaces, skip)`,
  `Created(id, outputs)`, `Found(id, outputs, inputs)` or None, a mapping (update, invoke), `Constructed(urn, state)`.
- Errors: `Failure(text)`, `CheckFailed([(path, reason)])`, `InitFailed(id, outputs, reasons)` (made but not ready, so
  recorded). Anything else is a bug of ours: the user sees one line, home()/logs/provider-<name>.log has the traceback.
- Values: plain Python. `UNKNOWN`, `has_unknown(v)`, `Secret(v)`, `compare(old, new)`, `path_text(path)` (values.py).
  Secrets are unwrapped on the way in and put back on the way out at the same path and wherever a secret text (6 characters
  or more) reappears; wrap in `Secret` what is secret beyond that. `call.secrets.under("data")`: was this path secret?

Why not `pulumi.provider.experimental.server`: its server runs Creates concurrently too, but it answers neither Handshake nor
Attach, drops the old inputs of Diff, Update and Delete and the autonaming options, cannot report a partial failure or tell
explicit providers apart, wraps every error in its own traceback, and imports the whole SDK (0.45 s of CPU a process against
0.18 s; the engine starts a process a provider resource at each command). Only Construct loads the SDK, and uses that of
`pulumi.provider.server`.
"""

from __future__ import annotations

from sandbox.providers.model import (
    Call,
    Changes,
    Checked,
    CheckFailed,
    ConstructCall,
    Constructed,
    Created,
    Failure,
    Found,
    InitFailed,
    Provider,
)
from sandbox.providers.plugin import serve
from sandbox.providers.values import UNKNOWN, Path, Secret, Secrets, compare, has_unknown, path_text

__all__ = [
    "UNKNOWN",
    "Call",
    "Changes",
    "CheckFailed",
    "Checked",
    "ConstructCall",
    "Constructed",
    "Created",
    "Failure",
    "Found",
    "InitFailed",
    "Path",
    "Provider",
    "Secret",
    "Secrets",
    "compare",
    "has_unknown",
    "path_text",
    "serve",
]
