"""A contract for import-linter: a package is pure but for the modules named as its rim."""

import copy

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PureCoreContract(Contract):
    """Modules of `package` outside `rim` reach nothing `impure`, directly or through others.

    A new module is held to be pure until somebody names it in `rim`, so nothing slips in unseen. What a module of
    `constants` imports is not followed: it reads files once, when it is imported, and what it gives never changes.
    """

    type_name = "pure_core"

    package = fields.StringField()
    rim = fields.ListField(subfield=fields.StringField())
    impure = fields.ListField(subfield=fields.StringField())
    constants = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 # import-linter's signature
        """Look for a chain of imports from each pure module to each impure one."""
        del verbose
        package = str(self.package)
        rim = tuple(f"{package}.{name}" for name in map(str, self.rim))  # type: ignore[call-overload] # a descriptor
        graph = copy.deepcopy(graph)
        for name in map(str, self.constants):  # type: ignore[call-overload] # a descriptor
            module = f"{package}.{name}"
            for imported in graph.find_modules_directly_imported_by(module):
                graph.remove_import(importer=module, imported=imported)
        outside = [name for name in map(str, self.impure) if name in graph.modules]  # type: ignore[call-overload]
        chains = [
            " -> ".join(chain)
            for module in sorted({package, *graph.find_descendants(package)})
            if not any(module == name or module.startswith(f"{name}.") for name in rim)
            for name in outside
            if (chain := graph.find_shortest_chain(importer=module, imported=name)) is not None
        ]
        return ContractCheck(kept=not chains, metadata={"chains": chains})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each chain."""
        for chain in check.metadata["chains"]:
            output.print_error(chain)
        output.print_error(f"Move input and output to the rim of {self.package}, or name the module there.")
