"""What the Weights tab says of the weights: which moved most, or why there is no history."""

from tttui.draw.numbers import short
from tttui.draw.prose import Prose
from tttui.model.session import SessionData
from tttui.model.weights import has_history
from tttui.panes.weights.weights_at import Movement
from tttui.plots.weights import moved_plot


def no_history(data: SessionData) -> str:
    """Why there is nothing to show over time, and the remedy; empty where there is something."""
    if has_history(data):
        return ""
    problem = data.problem("history")
    why = problem.reason if problem is not None else "no snapshot of the weights is recorded"
    why = f"Not there: {why}."
    if data.place.layout != "native":
        why += " A session that tttui forks from this one records its weights after every commit."
    return why


def write_moved(prose: Prose, movement: Movement) -> None:
    """Which inputs, units, states and predictions changed most: sentences, then bars."""
    palette = prose.palette
    for name, text in movement.sentences:
        prose.say(f"{name} {text}.")
    names = [name for name, _ in movement.sentences]
    for name, axis, parts in movement.lists:
        i = names.index(name) if name in names else 0
        shown, ink = moved_plot(parts, name, axis, i), palette.area(i)
        if not parts[0].change:
            continue  # that it did not change is said already
        prose.head(shown.title)
        for bar in shown.bars:
            value = f"{short(bar.value):>8} {bar.text:>5}"
            prose.bar(bar.name, shown.share(bar), value, ink, 18)
