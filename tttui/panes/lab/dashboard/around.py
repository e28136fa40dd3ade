"""The machine in a line, models in use and events in words."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tttui.artifacts.eventlog import Event
from tttui.draw.canvas import Canvas
from tttui.draw.prose import Prose, filling
from tttui.model.ages import ago_text, size_text
from tttui.panes.lab.jobs.facts import clock
from tttui.widgets.drawn import Drawn

if TYPE_CHECKING:  # costly to import, and there once the store has read them
    from tttui.lab.machine import MachineState
    from tttui.lab.registry import Persona

HANDLE = 36
"""Characters of the handle of a job."""

QUIET_S = 10.0
"""Seconds for which the figures of the machine stay as they are while nothing runs."""


class MachineStrip(Drawn):
    """The machine in one line."""

    DEFAULT_CSS = "MachineStrip { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.machine: MachineState | None = None

    def show_machine(self, machine: "MachineState | None") -> None:
        if machine is not self.machine and not _as_good_as(self.machine, machine):
            self.machine = machine
            self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        if self.machine is None:
            return canvas
        column = 0
        for name, share, text in _meters(self.machine):
            needed = len(name) + 1 + (9 if share is not None else 0) + len(text) + 3
            if column + needed > width:
                break
            column = canvas.write(0, column, f"{name} ", palette.muted)
            if share is not None:
                bar = filling(share, 8, self.glyphs)
                short = name == "memory" and share > 0.9
                ink = palette.warn if short else palette.accent
                canvas.write(0, column, self.glyphs.horizontal * 8, palette.faint)
                canvas.write(0, column, bar, ink)
                column += 9
            column = canvas.write(0, column, text, palette.text) + 3
        return canvas


def _as_good_as(drawn: "MachineState | None", now: "MachineState | None") -> bool:
    """Whether the shown line may stay: it is equal, or recent while nothing runs."""
    if drawn is None or now is None or drawn.cpu is None:
        return False
    young = 0 <= now.at - drawn.at < QUIET_S and not drawn.holders and not now.holders
    return young or _meters(drawn) == _meters(now)


def _meters(machine: "MachineState") -> list[tuple[str, float | None, str]]:
    """Name, share and text of each figure of the machine, the most important first."""
    cpu = machine.cpu
    meters: list[tuple[str, float | None, str]] = []
    if cpu is not None:
        meters.append(("CPU", round(cpu / 5) / 20, f"{5 * round(cpu / 5)} % of {machine.cores}"))
    used, total = machine.memory, max(machine.memory_total, 1)
    meters.append(
        ("memory", round(64 * used / total) / 64, f"{used / 1e9:.1f} of {total / 1e9:.0f} GB")
    )
    for gpu in machine.gpus:
        use = None if gpu.use is None else gpu.use / 100
        texts = [] if gpu.use is None else [f"{gpu.use} %"]
        if gpu.memory is not None and gpu.memory_total:
            texts.append(f"{gpu.memory / 1e9:.0f} of {gpu.memory_total / 1e9:.0f} GB")
        texts += [] if gpu.temperature is None else [f"{gpu.temperature} C"]
        meters.append((f"GPU {gpu.index}", use, " ".join(texts)))
    if machine.disk_free is not None:
        meters.append(("disk", None, f"{size_text(machine.disk_free)} free"))
    if not machine.gpus:
        meters.append(("GPU", None, "none"))
    return meters


def models(personas: "Sequence[Persona] | None", now: float) -> Callable[[Prose], object]:
    """The personas with the versions that are in use."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if not personas:
            if personas is not None:
                text = "no model is in use; Models (6) deploys one"
                prose.say(text, palette.muted)
            return
        arrow = "→" if prose.glyphs.braille else "->"
        for persona in personas:
            move = persona.current
            forced = f" forced: {move.forced}" if move.forced else ""
            prose.line(
                (f"{persona.called} ", palette.accent, True),
                (f"{arrow} {move.version}", palette.text),
                (f"  {ago_text(move.time, now)}", palette.muted),
                (forced, palette.warn),
            )

    return write


def newest(events: Sequence[Event]) -> Callable[[Prose], object]:
    """What happened, the newest first; repeated events of a job are one line."""
    counts = Counter((event.name, event.fields.get("id")) for event in events)
    newest_of = {(event.name, event.fields.get("id")): event for event in reversed(events)}

    def write(prose: Prose) -> None:
        palette = prose.palette
        if not events:
            prose.say("no events yet: jobs, sessions and models will tell here", palette.muted)
        for key, event in sorted(newest_of.items(), key=lambda pair: -pair[1].seq):
            collection, _, action = event.name.removeprefix("data:").partition(":")
            ink = palette.bad if action in ("failed", "crashed") else palette.text
            what = str(event.fields.get("id") or event.fields.get("name") or "")
            what = what[:8] if len(what) == HANDLE else what
            many = f"  x{counts[key]}" if counts[key] > 1 else ""
            prose.line(
                (f"{clock(event.time)} ", palette.muted),
                (f"{collection} ", palette.muted),
                (f"{action} ", ink),
                (what, palette.text),
                (many, palette.muted),
            )

    return write
