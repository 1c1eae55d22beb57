"""Secret-backed variables and the stores that they come from, as a worker is told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pikoci.internal.domain.builtin import BUILTIN_SECRET_TYPES, OWN_KEY, OWN_STORE, BuiltinSecretType
from pikoci.internal.domain.names import SECRET
from pikoci.internal.domain.plan import Secrets, SecretType, SecretVariable
from pikoci.internal.domain.secret_text import references, shown
from pikoci.internal.pipeline import params
from pikoci.internal.pipeline.masks import Masks
from pikoci.internal.pipeline.nodes import Node
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.typechecks import DeclaredType, TypeChecks

_FORMATS = ("env", "json", "raw", "yaml")


class SecretStores:
    """The secret types of a file, declared and built in."""

    def __init__(self, types: TypeChecks, report: Report, masks: Masks) -> None:
        self._report = report
        self._masks = masks
        self._broken: set[str] = set()
        self._with_path: set[str] = set()
        self.types: dict[str, SecretType] = {}
        for (kind, name), declared in types.types.items():
            if kind == "secret_type":
                self._declare(name, declared)

    def secrets(self, nodes: Iterable[Node], backed: Mapping[str, str]) -> Secrets:
        """The secrets of the variables among `nodes` that are `backed` by one, with the type of each by its name."""
        found = []
        for node in nodes:
            secret = node.only("secret") if node.type == "variable" and node.labels[0] in backed else None
            if secret is not None and self._usable(secret):
                kind, given = secret.labels[0], secret.values
                place = {name: given[name] for name in ("path", "key") if name in given}
                if self.types[kind].builtin == OWN_STORE:
                    place = {"path": given["key"], "key": OWN_KEY}
                name = node.labels[0]
                found.append(SecretVariable(name=name, secret_type=kind, type=backed[name], **place))
        used = {variable.secret_type for variable in found}
        return Secrets(variables=found, types=[kind for kind in self.types.values() if kind.name in used])

    def _declare(self, name: str, declared: DeclaredType) -> None:
        node = declared.node
        builtin = BUILTIN_SECRET_TYPES.get(declared.builtin)
        get = declared.commands.get("get")
        if builtin is not None:
            config = params.check(
                node,
                builtin.params,
                f"the secret type {builtin.name}",
                self._report,
                self._masks,
                header=node.block.range,
            )
            self._check_config(node, builtin)
        elif get is not None:
            config = params.plain(node)
            self._check_names(node, declared.params)
        else:  # reported where the type is read
            self._broken.add(name)
            return
        if "path" in node.free:
            self._with_path.add(name)
        config = {param: value for param, value in config.items() if value != ""}
        self.types[name] = SecretType(name=name, builtin=declared.builtin, config=config, get=get)

    def _check_config(self, node: Node, builtin: BuiltinSecretType) -> None:
        given = [name for name in builtin.one_of if name in node.free]
        if builtin.one_of and len(given) != 1:
            options = " or ".join(builtin.one_of)
            what = f"{' and '.join(given)} stand side by side" if given else f"Nothing to log in with: {options}"
            self._report.error(node.block.range, what, hint=f"write one of them: {options}")
        for name, other in builtin.needs.items():
            if name in node.free and other not in node.free:
                self._report.error(node.where(name), f'"{name}" without "{other}"', hint=f"write {other} = ..., too")
        form = node.free.get("format")
        if builtin.name == "file" and isinstance(form, str) and form not in _FORMATS:
            hint = self._report.similar(form, _FORMATS) or f"write one of: {', '.join(_FORMATS)}"
            self._report.error(node.where("format"), f'"{form[:40]}" is no format of a file', hint=hint)

    def _check_names(self, node: Node, known: Collection[str] | None) -> None:
        for name in node.free:
            if known is not None and name not in known and name != "path":
                self._report.error(
                    node.attributes[name].name_range,
                    f'Unknown param "{name}" of {node.labels[0]}',
                    hint=self._report.similar(name, known) or f'add it to params, or take it out: params = ["{name}"]',
                )

    def _usable(self, secret: Node) -> bool:
        """Whether the store of a `secret` block can be used; reports why not."""
        name = secret.labels[0]
        if name in self._broken:
            return False
        if name not in self.types and name == OWN_STORE:
            self.types[name] = SecretType(name=name, builtin=OWN_STORE)
        if name in self.types and self.types[name].builtin == OWN_STORE:
            return self._names_entry(secret)
        builtin = BUILTIN_SECRET_TYPES.get(self.types[name].builtin if name in self.types else name)
        if name not in self.types and builtin is not None:
            if any(param.required for param in builtin.params):
                self._report.error(
                    secret.block.label_ranges[0],
                    f'The secret type "{name}" needs a definition',
                    hint=f'write secret_type "{name}" {{ source = "pikoci://{name}" ... }}',
                )
                return False
            self.types[name] = SecretType(name=name, builtin=name)
        if name not in self.types:  # an unknown name, reported where labels are checked
            return False
        if builtin is not None and "path" not in secret.attributes and name not in self._with_path:
            self._report.error(
                secret.block.range,
                f'No path for a secret of the type "{name}"',
                hint="write path = ... here, or in the secret_type",
            )
            return False
        return "key" in secret.values

    def _names_entry(self, secret: Node) -> bool:
        """Whether the block names an entry of the server's own store; reports why not."""
        if "path" in secret.attributes:
            what = "An entry of the server's own store has no path"
            self._report.error(secret.attributes["path"].name_range, what, hint='take it out: "key" names the entry')
        key = secret.values.get("key")
        if not isinstance(key, str):
            return False
        where = secret.where("key")
        if any(references(key)):
            # The server hands out no entry but those that the plan names.
            what = "An entry of the server's own store must be named when the pipeline is set"
            self._report.error(where, what, hint="write its name, without values of secrets in it")
        elif not SECRET.allows(key):
            self._report.error(where, f'"{shown(key)[:100]}" cannot be the name of a secret', f"It {SECRET.sentence}.")
        else:
            return True
        return False
