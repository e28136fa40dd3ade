"""The what-if of the open session: its knobs, the thread that computes it, and what it found."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tttui.model.errors import SettingError
from tttui.model.session import Place, SessionData
from tttui.widgets.knobstrip import StripState, Tone

if TYPE_CHECKING:
    from tttui.runs.whatif.knob import Knob
    from tttui.runs.whatif.past import PastStates
    from tttui.runs.whatif.result import WhatIfResult
    from tttui.runs.whatif.worker import WhatIfWorker


FIRST = "lr"
"""The knob that is chosen at first."""


class Counterfactual:
    """Which knobs are turned, and what was computed with them; nothing of it is on disk.

    `publish` is called with new results, in the thread that computes them; the screen hands them
    to `arrived` in its own. What a knob was turned to since is then still on its way.
    """

    def __init__(self, publish: "Callable[[WhatIfResult], object]") -> None:
        self._publish = publish
        self._worker: WhatIfWorker[WhatIfResult] | None = None
        self._known: PastStates | None = None
        self._data: SessionData | None = None
        self._knobs: tuple[Knob, ...] = ()
        self._turned: dict[str, Any] = {}
        self._asked: object = None
        """The request whose results are waited for."""
        self.result: WhatIfResult | None = None
        """What is shown: of the newest request that has a number, or why there is none."""
        self.state = StripState()

    @property
    def open(self) -> bool:
        return self._data is not None

    @property
    def place(self) -> Place | None:
        """The session that it is about."""
        return None if self._data is None else self._data.place

    @property
    def complete(self) -> bool:
        """Nothing is on its way."""
        return self._asked is None

    @property
    def chosen(self) -> "Knob":
        return self._knobs[self.state.chosen]

    def begin(self, data: SessionData) -> str:
        """Open the knobs of a session, from its start; why that cannot be, '' where it can."""
        from tttui.runs.whatif.past import PastStates
        from tttui.runs.whatif.replayable import can_replay

        reason = can_replay(data)
        if reason is not None:
            return f"No what-if of this session: {reason}"
        if not len(data.steps):
            return "No what-if yet: the session has no steps."
        self._data, self._known, self._turned = data, PastStates(), {}
        self.result = None
        self.state = StripState(turning=False)
        self.branch(0)
        names = [knob.name for knob in self._knobs]
        self.state = replace(self.state, chosen=names.index(FIRST) if FIRST in names else 0)
        return ""

    def end(self) -> None:
        """Forget it; what is being computed is given up."""
        if self._worker is not None:
            self._worker.stop()
        self._data = self._known = self.result = self._asked = None
        self._knobs, self._turned = (), {}
        self.state = StripState(turning=False)

    def close(self) -> None:
        """End the thread: the app leaves."""
        if self._worker is not None:
            self._worker.close()

    def branch(self, at: int) -> str:
        """Branch from another step on; what a knob cannot do there is as it was recorded."""
        from tttui.runs.whatif.knobs import knobs

        assert self._data is not None
        self._knobs = knobs(self._data, at)
        here = {knob.name: knob for knob in self._knobs}
        lost = [name for name in self._turned if name not in here or here[name].refused]
        for name in lost:
            del self._turned[name]
        chosen = min(self.state.chosen, len(self._knobs) - 1)
        self.state = replace(self.state, at=at, chosen=chosen, table=())
        self._ask()
        words = "the start" if at == 0 else f"step {at}"
        if lost:
            return f"What if from {words}; as recorded again: {', '.join(lost)}"
        return f"What if from {words}"

    def keys_turn(self, turning: bool) -> None:
        """Keys turn knobs from now on, or those of the tabs do what they do; the result stays."""
        self.state = replace(self.state, turning=turning)

    def choose(self, by: int) -> None:
        """The next knob, or the one before."""
        self.state = replace(self.state, chosen=(self.state.chosen + by) % len(self._knobs))

    def turn(self, ticks: int, *, coarse: bool = False) -> str:
        """Turn the chosen knob; why it cannot be turned, '' where it can."""
        knob = self.chosen
        if knob.refused:
            return f"{knob.label}: {knob.refused}"
        now = self._turned.get(knob.name, knob.value)
        self._set(knob, knob.turned(now, ticks, coarse=coarse))
        return ""

    def typed(self, text: str) -> str:
        """Set the chosen knob to what was typed; what is wrong with it, '' where nothing is."""
        knob = self.chosen
        if knob.refused:
            return f"{knob.label}: {knob.refused}"
        try:
            value = knob.parsed(text)
        except SettingError as error:
            return str(error)
        self._set(knob, value)
        return ""

    def shown_value(self) -> str:
        """The value of the chosen knob, as it may be typed."""
        knob = self.chosen
        value = self._turned.get(knob.name, knob.value)
        return "" if value in ("", None) else knob.text(value)

    def reset(self) -> None:
        """Have the chosen knob as it is recorded; where it is, all of them."""
        if self.chosen.name in self._turned:
            self._turned.pop(self.chosen.name)
        else:
            self._turned.clear()
        self._ask()

    def arrived(self, result: "WhatIfResult") -> bool:
        """Take a result on; whether it is one that is still waited for."""
        if result.request is not self._asked:
            return False
        if result.finished or len(result.steps) or self.result is None:
            self.result = result if len(result.steps) else None
        if result.finished:
            self._asked = None
        self._tell(result)
        return True

    def command(self) -> str:
        """The command of the shell that computes the same; '' where nothing is turned."""
        from tttui.model.shell import command_line

        if self._data is None:
            return ""
        words: list[str] = []
        for knob in self._knobs:
            if knob.name in self._turned:
                words += ["--set", f"{knob.name}={knob.text(self._turned[knob.name])}"]
        at = ["--at", str(self.state.at)] if self.state.at else []
        return command_line("tttui", "whatif", str(self._data.place.path), *words, *at)

    def _set(self, knob: "Knob", value: Any) -> None:
        if value == knob.value:
            self._turned.pop(knob.name, None)
        else:
            self._turned[knob.name] = value
        self._ask()

    def _ask(self) -> None:
        """Have the values of this moment computed, in place of what is being computed."""
        from tttui.runs.whatif.knobs import refusal
        from tttui.runs.whatif.result import Request
        from tttui.runs.whatif.whatif import WhatIf
        from tttui.runs.whatif.worker import WhatIfWorker

        assert self._data is not None
        wrong = refusal(self._data, self.state.at, self._turned)
        self.state = replace(
            self.state,
            knobs=self._knobs,
            turned=dict(self._turned),
            wrong=wrong,
            table=(),
        )
        if self._worker is None:
            self._worker = WhatIfWorker(self._publish)
        if wrong:
            self._worker.stop()
            self._asked, self.result = None, None
            self.state = replace(self.state, progress="", verdict="")
            return
        request = Request(self._data, at=self.state.at, changes=dict(self._turned))
        self._asked = request
        self._worker.ask(WhatIf(request, self._known))

    def _tell(self, result: "WhatIfResult") -> None:
        """Put a result into words."""
        from tttui.model.verdict import verdict

        tone: Tone = "unclear"
        last = next((n for n in result.lines if n.name.startswith("adaptive, last")), None)
        last = last or next((n for n in result.lines if n.name.startswith("adaptive")), None)
        if last is not None and last.difference:
            tone = "better" if last.difference.endswith("better") else "worse"
        if result.error:
            tone = "worse"
        done = result.t - result.request.at, result.until - result.request.at
        progress = f"{result.seconds:.2f} s"
        if not result.finished:
            progress = f"{100 * max(done[0], 0) // max(done[1], 1)} %"
        said = ""
        if len(result.steps) and result.finished:
            said = verdict(result.as_session()).sentence
        self.state = replace(
            self.state,
            sentence=result.sentence,
            tone=tone,
            progress=progress,
            verdict=said or self.state.verdict,
        )
