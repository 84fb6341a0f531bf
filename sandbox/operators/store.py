"""What the gate knows of the cluster: the last state of each watched object, and who looked at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str, str]
"""(kind, namespace, name); namespace is empty for cluster-wide objects. An empty name stands for "any of this kind there"."""


Read = tuple[str, str, str, frozenset[tuple[str, str]]]
"""(kind, namespace, name, labels) that a reconciliation asked for; an empty name means every object with those labels."""


def key_of(obj: Mapping[str, Any]) -> Key:
    """The key of an object."""
    metadata = obj["metadata"]
    return obj["kind"], metadata.get("namespace") or "", metadata["name"]


def _age(obj: Mapping[str, Any]) -> int:
    """Resource versions are decimal and ordered; anything else sorts first."""
    version = obj["metadata"].get("resourceVersion", "")
    return int(version) if version.isdecimal() else 0


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels by which an object is looked for: of a Deployment those of its pods, which name the operator it runs."""
    holder = obj["spec"]["template"] if obj["kind"] == "Deployment" else obj
    labels: Mapping[str, str] = (holder.get("metadata") or {}).get("labels") or {}
    return labels


class Store:
    """Objects by kind, with an index of which custom resources read what: an object's change wakes exactly those."""

    def __init__(self, changed: Callable[[set[Key]], None] = lambda _: None) -> None:
        """`changed` is told the custom resources to look at again, and the changed object itself."""
        self._changed = changed
        self._objects: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._owned: dict[str, set[Key]] = defaultdict(set)
        self._readers: dict[Key, dict[frozenset[tuple[str, str]], set[Key]]] = defaultdict(lambda: defaultdict(set))
        self._reads: dict[Key, set[Read]] = {}

    def put(self, obj: Object) -> bool:
        """Keeps an object unless a newer state of it is known already; False where nothing changed."""
        kind, namespace, name = key_of(obj)
        known = self._objects[kind].get((namespace, name))
        if known is not None and _age(known) >= _age(obj):
            return False
        obj["metadata"].pop("managedFields", None)
        if known is not None:
            self._disown(known)
        self._objects[kind][namespace, name] = obj
        for owner in obj["metadata"].get("ownerReferences", ()):
            self._owned[owner["uid"]].add(key_of(obj))
        # one that lost a label matters to who looked for it
        self._changed(self.readers(obj) | (self.readers(known) if known else set()) | {key_of(obj)})
        return True

    def replace(self, kind: str, objects: list[Object], version: int | None = None) -> None:
        """Takes a whole listing of a kind; what is not on it is gone, unless it was made after that version of the list."""
        listed = {key_of(obj)[1:] for obj in objects}
        for where, known in list(self._objects[kind].items()):
            if where not in listed and (version is None or _age(known) <= version):
                self.drop(known)
        for obj in objects:
            self.put(obj)

    def drop(self, obj: Object) -> None:
        """Forgets a deleted object, unless one of the same name was made since."""
        kind, namespace, name = key_of(obj)
        known = self._objects[kind].get((namespace, name))
        if known is not None and known["metadata"].get("uid") == obj["metadata"].get("uid"):
            del self._objects[kind][namespace, name]
            self._disown(known)
            self._changed(self.readers(obj) | {key_of(obj)})

    def get(self, key: Key) -> Object | None:
        """One object, or None."""
        return self._objects[key[0]].get(key[1:])

    def kinds(self) -> list[str]:
        """The kinds of which there are objects, in the order of their names."""
        return sorted(kind for kind, known in self._objects.items() if known)

    def all(self, kind: str, namespace: str = "") -> list[Object]:
        """Every object of a kind in a namespace (all namespaces when empty), in the order of their names."""
        known = sorted(self._objects[kind].items())
        return [obj for (where, _), obj in known if not namespace or where == namespace]

    def record(self, reader: Key, reads: set[Read]) -> None:
        """Notes what a custom resource looked at during its last reconciliation."""
        before = self._reads.get(reader, set())
        for kind, namespace, name, labels in before - reads:
            self._readers[kind, namespace, name][labels].discard(reader)
        for kind, namespace, name, labels in reads - before:
            self._readers[kind, namespace, name][labels].add(reader)
        self._reads[reader] = reads

    def forget(self, reader: Key) -> None:
        """Drops the notes on a custom resource that is gone."""
        self.record(reader, set())
        self._reads.pop(reader, None)

    def readers(self, obj: Mapping[str, Any]) -> set[Key]:
        """The custom resources to reconcile after this object changed."""
        kind, namespace, name = key_of(obj)
        carried = labels_of(obj).items()
        return {
            reader
            for key in ((kind, namespace, name), (kind, namespace, ""), (kind, "", ""))
            for labels, found in self._readers.get(key, {}).items()
            if labels <= carried
            for reader in found
        }

    def owned(self, uid: str) -> list[Object]:
        """The objects that name this uid among their owners, in the order of their keys."""
        return [self._objects[kind][namespace, name] for kind, namespace, name in sorted(self._owned.get(uid, ()))]

    def _disown(self, obj: Object) -> None:
        """Takes an object from its owners' lists; a list that is empty goes."""
        for owner in obj["metadata"].get("ownerReferences", ()):
            listed = self._owned.get(owner["uid"], set())
            listed.discard(key_of(obj))
            if not listed:
                self._owned.pop(owner["uid"], None)


class View:
    """The store as one reconciliation sees it: remembers what it was asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads: set[Read] = set()

    def find(self, kind: str, namespace: str | None, name: str | None) -> Object | None:
        """The object of that name, or None; name None finds nothing."""
        if not name:
            return None
        self.reads.add((kind, namespace or "", name, frozenset()))
        return self._store.get((kind, namespace or "", name))

    def select(self, kind: str, namespace: str | None, labels: Mapping[str, Any] | None = None) -> list[Object]:
        """The objects of a kind (in every namespace when None) that carry all the labels."""
        wanted = frozenset((labels or {}).items())
        self.reads.add((kind, namespace or "", "", wanted))
        return [obj for obj in self._store.all(kind, namespace or "") if wanted <= labels_of(obj).items()]
