"""The tree of a model: modules within modules, and the parameters of each."""

from collections.abc import Collection, Iterable
from dataclasses import field

from tttui.model.dataclass import dataclass
from tttui.model.schema import ModelModule, TensorSpec


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A line of the tree: a module, or a parameter of the module above it."""

    path: str
    """The module's path; '' is the model itself. Of a parameter that of its module."""
    name: str
    depth: int
    kind: str = ""
    """The type of a module."""
    spec: TensorSpec | None = None
    """Of a parameter."""
    size: int = 0
    """Elements, of a module those of all modules in it, too."""
    plastic: int = 0
    """Those of them that learn."""
    count: int = 1
    """Parameters."""

    @property
    def folds(self) -> bool:
        """Whether it is a module with children."""
        return self.spec is None and self.count > 0


@dataclass(slots=True)
class _Node:
    path: str
    kind: str = ""
    parameters: tuple[tuple[TensorSpec, bool], ...] = ()
    children: list["_Node"] = field(default_factory=list["_Node"])
    size: int = 0
    plastic: int = 0
    count: int = 0


def tree(parts: Iterable[ModelModule]) -> tuple[ModuleRow, ...]:
    """All lines, a module before what is in it. Modules that only others name are made up."""
    root = _Node("")
    known = {"": root}
    for part in parts:
        node = _node(part.path, known)
        node.kind, node.parameters = part.kind, part.parameters
    order: list[tuple[_Node, int]] = []
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        order.append((node, depth))
        waiting += [(child, depth + 1) for child in reversed(node.children)]
    for node, _ in reversed(order):
        node.size = sum(s.size for s, _ in node.parameters) + sum(c.size for c in node.children)
        own = sum(s.size for s, plastic in node.parameters if plastic)
        node.plastic = own + sum(c.plastic for c in node.children)
        node.count = len(node.parameters) + sum(c.count for c in node.children)
    rows: list[ModuleRow] = []
    for node, depth in order:
        name = node.path.rpartition(".")[2] or "model"
        rows.append(
            ModuleRow(node.path, name, depth, node.kind, None, node.size, node.plastic, node.count)
        )
        for spec, plastic in node.parameters:
            size = spec.size
            rows.append(
                ModuleRow(node.path, spec.name, depth + 1, "", spec, size, size if plastic else 0)
            )
    return tuple(rows)


def from_names(specs: Iterable[TensorSpec]) -> list[ModelModule]:
    """Modules derived from the names of plastic parameters."""
    owners: dict[str, list[tuple[TensorSpec, bool]]] = {}
    for spec in specs:
        path, _, name = spec.name.rpartition(".")
        own = TensorSpec(name or spec.name, spec.shape, spec.dtype)
        owners.setdefault(path, []).append((own, True))
    return [ModelModule(path, "", tuple(own)) for path, own in owners.items()]


def unfolded(rows: Iterable[ModuleRow], folded: Collection[str]) -> list[int]:
    """The visible lines [k] if the modules of these paths are folded."""
    shown = []
    hidden_below: int | None = None
    for i, row in enumerate(rows):
        if hidden_below is not None and row.depth > hidden_below:
            continue
        hidden_below = None
        shown.append(i)
        if row.spec is None and row.path in folded:
            hidden_below = row.depth
    return shown


def folded_at_first(rows: Iterable[ModuleRow], room: int) -> frozenset[str]:
    """The modules to fold so that about `room` lines are seen: the deepest ones first."""
    lines = list(rows)
    deepest = max((row.depth for row in lines), default=0)
    for depth in range(deepest, 0, -1):
        folded = frozenset(r.path for r in lines if r.spec is None and r.depth >= depth)
        if len(unfolded(lines, folded)) <= room:
            best = frozenset(r.path for r in lines if r.spec is None and r.depth > depth)
            return best if len(unfolded(lines, best)) <= room else folded
    return frozenset(r.path for r in lines if r.spec is None and r.depth > 0)


def _node(path: str, known: dict[str, _Node]) -> _Node:
    """The module of a path, with those around it."""
    node = known.get(path)
    if node is None:
        node = known[path] = _Node(path)
        _node(path.rpartition(".")[0], known).children.append(node)
    return node
