"""What the Weights tab shows at the cursor, worked out in one go: in a thread where it is long."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Generic, TypeVar

import numpy as np

from tttui.draw.heat import Pyramid
from tttui.model.arrays import PLASTIC
from tttui.model.dataclass import dataclass
from tttui.model.lora import product_values
from tttui.model.parameters import Inventory, inventory, recorded_statistics
from tttui.model.session import SessionData
from tttui.model.spectrum import of_values
from tttui.model.statistics import Statistics
from tttui.model.tensor_axes import AxisChange, moved, sentences
from tttui.model.tensors import LARGE, Changed, Tensors, condensed
from tttui.model.weights import (
    TITLES,
    Aspect,
    ShownWeights,
    WeightsInForce,
    compare,
    difference,
    history_of,
    weights_at_start,
    weights_in_force,
)
from tttui.panes.architecture.model_facts import Key, same
from tttui.panes.view import View
from tttui.plots.weights import SpectrumOf, conditions, spectra_of

QUICK = 1 << 14
"""Entries of all matrices up to which they are worked out while somebody waits."""

TOP_PARTS = 6
"""Rows and columns that are listed as bars."""

LISTED = (("W_u", 1), ("W_o", 0), ("B", 0), ("B", 1))
"""Matrix and axis (0 rows, 1 columns) of what is listed: inputs, predictions, states, units."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightsRequest:
    """What is looked at: the weights of a session at a step, and what they are compared with."""

    data: SessionData
    aspect: Aspect
    t: int
    transaction: int | None
    parent: SessionData | None
    other: SessionData | None
    names: tuple[str, ...] = PLASTIC
    """The matrices; of any other model than the point mass a single one."""

    @classmethod
    def of(cls, view: View, aspect: Aspect, names: tuple[str, ...] = PLASTIC) -> "WeightsRequest":
        line = view.timeline
        return cls(view.data, aspect, line.cursor, line.selected, view.parent, view.other, names)

    @property
    def of_point_mass(self) -> bool:
        return self.names is PLASTIC

    @property
    def key(self) -> Key:
        """Equal (by `same`) for all that shows the same: steps between two snapshots do."""
        data, history = self.data, self.data.history
        index = -1
        if history is not None and len(history):
            index = int(np.searchsorted(history.t, self.t, side="right"))
        by_step = self.aspect in ("commit", "other")
        why = () if history is not None or data.weights is not None else (data.problems,)
        own = (data.place, data.run, history, data.weights, data.base, index, *why, self.names)
        own = (*own, data.checkpoint, data.begun)
        if not self.of_point_mass:
            recorded = history_of(data, self.names) is None
            own = (*own, *self.state, data.transactions if recorded else None)
        against = (self.parent, self.other) if self.aspect in ("parent", "other") else ()
        transaction = (self.transaction, data.transactions) if self.aspect == "commit" else ()
        return (*own, self.aspect, self.t if by_step else -1, *transaction, *against)

    @property
    def state(self) -> Key:
        """Equal (by `same`) while all parameters of any other model are known to be the same."""
        data, history = self.data, self.data.history
        index = -1
        if history is not None and len(history):
            index = int(np.searchsorted(history.t, self.t, side="right"))
        in_force = data.transactions.in_force(self.t)
        known = (data.place, data.run, data.meta, history, data.checkpoint, data.begun)
        return (*known, index, -1 if in_force is None else in_force)

    @property
    def quick(self) -> bool:
        """Whether it is worked out in no time."""
        history = self.data.history
        if not self.of_point_mass:
            return False
        if history is not None and len(history):
            return sum(int(np.prod(W.shape[1:])) for W in history.weights.values()) <= QUICK
        known = self.data.weights or self.data.base or {}
        return sum(W.size for W in known.values()) <= QUICK


@dataclass(frozen=True, slots=True, eq=False)
class WeightsAnswer:
    """The answer."""

    request: WeightsRequest
    now: WeightsInForce | None
    start: WeightsInForce | None
    shown: ShownWeights
    pyramids: Mapping[str, Pyramid] = field(default_factory=dict)
    """Of the matrices of `shown`."""
    spectra: tuple[SpectrumOf, ...] = ()
    moved: "Movement | None" = None
    inventory: Inventory | None = None
    """Of all parameters, of any other model than the point mass."""
    recorded: Statistics | None = None
    """What commits recorded of a parameter that the history does not hold."""
    block: tuple[int, int] = (1, 1)
    """Rows and columns for which an element of the shown matrix stands."""


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What moved most: a sentence for each matrix, and the leading rows and columns."""

    of: str
    """Which change: `change since the start`."""
    sentences: tuple[tuple[str, str], ...]
    lists: tuple[tuple[str, int, tuple[AxisChange, ...]], ...]
    """Matrix, axis (0 rows, 1 columns), and its leading parts."""


V = TypeVar("V")


class Newest(Generic[V]):
    """A value that is worked out again where what it follows from is replaced."""

    def __init__(self) -> None:
        self._kept: tuple[Key, V] | None = None
        """Replaced as a whole, since several threads may ask."""

    def of(self, key: Key, make: Callable[[], V]) -> V:
        """The value for this key (by `same`)."""
        newest = self._kept
        if newest is None or not same(key, newest[0]):
            newest = self._kept = (key, make())
        return newest[1]


class Finder:
    """Works out what is asked for, in any thread; what is the same at every step is kept."""

    def __init__(self) -> None:
        self._kept: tuple[Key, WeightsInForce | None, dict[str, float]] = ((), None, {})
        """The weights at the start, of which session, and their condition numbers; replaced as
        a whole, since the thread for another session may still be at work."""
        self._inventory = Newest[Inventory]()
        self._recorded = Newest[Statistics]()
        self._unchanging = Newest[WeightsAnswer]()
        """Of a parameter without snapshots, at any step."""

    def find(self, request: WeightsRequest) -> WeightsAnswer:
        """The answer; memory that does not suffice is said instead."""
        try:
            if request.of_point_mass:
                return self._computed(request)
            return self._with_records(self._of_any(request))
        except MemoryError:
            why = "There is not enough memory to compare matrices of this size."
            return WeightsAnswer(request, None, None, ShownWeights(request.aspect, why_not=why))

    def _with_records(self, answer: WeightsAnswer) -> WeightsAnswer:
        """With what is known of all parameters, and recorded of one without snapshots."""
        request = answer.request
        data, events, names = request.data, request.data.transactions, request.names
        known = self._inventory.of(request.state, lambda: inventory(data, request.t))
        if history_of(data, names) is not None:
            return replace(answer, inventory=known)
        recorded = self._recorded.of(
            (data.run, events, names), lambda: recorded_statistics(events, names[0])
        )
        return replace(answer, inventory=known, recorded=recorded)

    def _of_any(self, request: WeightsRequest) -> WeightsAnswer:
        """The answer for a parameter of any other model than the point mass."""
        data, work = request.data, _condensed if self._is_large(request) else self._computed
        if history_of(data, request.names) is not None or request.aspect not in ("value", "start"):
            return work(request)
        own = (data.place, data.run, data.meta, data.history, data.checkpoint, data.begun)
        key = (*own, data.problems, request.names, request.aspect)
        return replace(self._unchanging.of(key, lambda: work(request)), request=request)

    def _computed(self, request: WeightsRequest) -> WeightsAnswer:
        data = request.data
        start, begun = self._start_of(data, request.names)
        now = weights_in_force(data, request.t, request.names)
        shown = compare(
            request.aspect,
            data,
            request.t,
            transaction=request.transaction,
            parent=request.parent,
            other=request.other,
            names=request.names,
        )
        pyramids = {name: Pyramid(W) for name, W in shown.matrices.items()}
        for pyramid in pyramids.values():
            pyramid.build()
        product = _product_spectrum(data, request)
        spectra = product if product or now is None else spectra_of(now.matrices, begun)
        moves = _movement(shown, now, start, roles=request.of_point_mass)
        return WeightsAnswer(request, now, start, shown, pyramids, spectra, moves)

    def _is_large(self, request: WeightsRequest) -> bool:
        """The parameter is in the checkpoint alone, and too large to be shown by elements."""
        name, tensors = request.names[0], request.data.checkpoint
        if history_of(request.data, request.names) is not None or tensors is None:
            return False
        return name in tensors.specs and tensors.specs[name].size > LARGE

    def _start_of(
        self, data: SessionData, names: tuple[str, ...]
    ) -> tuple[WeightsInForce | None, dict[str, float]]:
        history = data.history
        first = int(history.t[0]) if history is not None and len(history) else -1
        bases = (data.base, data.begun) if first < 0 else (None, None)
        key = (data.place, data.run, first, *bases, names)
        known, start, begun = self._kept
        if not same(key, known):
            start = weights_at_start(data, names)
            begun = {} if data.meta.schema.pair(names[0]) else conditions(start)
            self._kept = (key, start, begun)
        return start, begun


def _condensed(request: WeightsRequest) -> WeightsAnswer:
    """The answer for a parameter that is too large to be held: the extremes of its blocks."""
    data, aspect, name = request.data, request.aspect, request.names[0]
    tensors: Tensors | None = data.checkpoint
    says, why = "newest checkpoint", ""
    if aspect == "start":
        tensors = None if tensors is None or data.begun is None else Changed(tensors, data.begun)
        says, why = f"{says} minus base", "The weights at the start are not recorded."
    elif aspect != "value":
        tensors, why = None, "So large a parameter shows its value and its change since the start."
    if tensors is None or name not in tensors.specs:
        return WeightsAnswer(request, None, None, ShownWeights(aspect, why_not=why))
    shape = tensors.specs[name].matrix
    W, block = condensed(tensors, name)
    says = f"{says}; an element is the extreme of {block[0]} x {block[1]}"
    pyramid = Pyramid(W)
    pyramid.build()
    shown = ShownWeights(aspect, {name: W}, says)
    spectra = _product_spectrum(data, request) or (SpectrumOf(name, shape, None),)
    return WeightsAnswer(request, None, None, shown, {name: pyramid}, spectra, block=block)


def _product_spectrum(data: SessionData, request: WeightsRequest) -> tuple[SpectrumOf, ...]:
    """That of the product of a pair, from its factors; nothing where it is none."""
    pair = data.meta.schema.pair(request.names[0])
    weights = (
        None if pair is None else weights_in_force(data, request.t, (pair.a.name, pair.b.name))
    )
    if pair is None or weights is None or len(weights.matrices) < 2:
        return ()
    a, b = (weights.matrices[spec.name] for spec in (pair.a, pair.b))
    return (SpectrumOf(pair.name, pair.spec.matrix, of_values(product_values(a, b, pair.scale))),)


def _movement(
    shown: ShownWeights, now: WeightsInForce | None, start: WeightsInForce | None, *, roles: bool
) -> Movement | None:
    """Of what is shown, or of the change since the start where values are shown."""
    change, of = shown.matrices, TITLES[shown.aspect]
    if not shown.is_change:
        known = now is not None and start is not None
        of = TITLES["start"]
        change = difference(now.matrices, start.matrices) if known else {}  # type: ignore[union-attr]
    if not change:
        return None
    listed = LISTED if roles else [(name, axis) for name in change for axis in (0, 1)]
    lists = tuple(
        (name, axis, tuple(moved(name, change[name], axis, TOP_PARTS, roles=roles)))
        for name, axis in listed
        if name in change and (roles or change[name].shape[axis] > 1)
    )
    before = start.matrices if start is not None else None
    return Movement(of, tuple(sentences(change, before, roles=roles)), lists)
