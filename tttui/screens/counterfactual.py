"""The what-if of the open session: its knobs, the computing thread, and its result."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tttui.model.errors import SettingError
from tttui.model.session import Place, SessionData
from tttui.widgets.knobstrip import StripState, Tone

if TYPE_CHECKING:
    from tttui.runs.whatif.knob import Knob
    from tttui.runs.whatif.live import PastStates
    from tttui.runs.whatif.luck import SeedsResult
    from tttui.runs.whatif.result import WhatIfRequest, WhatIfResult
    from tttui.runs.whatif.sensitivity import SensitivityResult
    from tttui.runs.whatif.worker import WhatIfJob, WhatIfWorker

    Result = WhatIfResult | SeedsResult | SensitivityResult

FIRST = "lr"
"""The knob that is chosen at first."""

MOST = 30
"""Rows of a table at most."""


class Counterfactual:
    """The turned knobs and the computed result; nothing of it is on disk.

    `publish` is called with new results, in the thread that computes them; the screen hands them
    to `arrived` in its own. What a knob was turned to since is then still on its way.
    """

    def __init__(self, publish: "Callable[[Result], object]") -> None:
        self._publish = publish
        self._worker: WhatIfWorker[WhatIfResult] | None = None
        self._second: WhatIfWorker[SeedsResult | SensitivityResult] | None = None
        """Works on what is asked about a what-if: other seeds, other knobs."""
        self._known: PastStates | None = None
        self._data: SessionData | None = None
        self._knobs: tuple[Knob, ...] = ()
        self._turned: dict[str, Any] = {}
        self._request: WhatIfRequest | None = None
        """The newest one."""
        self._asked: object = None
        """The request whose results are waited for."""
        self._asked_second: object = None
        """The request about which something is waited for."""
        self.result: WhatIfResult | None = None
        """What is shown: of the newest request that has a number, or why there is none."""
        self.state = StripState()

    @property
    def open(self) -> bool:
        return self._data is not None

    @property
    def place(self) -> Place | None:
        """The session of the what-if."""
        return None if self._data is None else self._data.place

    @property
    def complete(self) -> bool:
        """Whether nothing is being computed."""
        return self._asked is None and self._asked_second is None

    @property
    def chosen(self) -> "Knob":
        return self._knobs[self.state.chosen]

    def begin(self, data: SessionData) -> str:
        """Open the knobs of a session, from its start; returns why that is impossible, or ''."""
        from tttui.runs.whatif.live import PastStates
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
        """Close the what-if, and stop its computation."""
        for worker in (self._worker, self._second):
            if worker is not None:
                worker.stop()
        self._data = self._known = self.result = self._request = None
        self._asked = self._asked_second = None
        self._knobs, self._turned = (), {}
        self.state = StripState(turning=False)

    def close(self) -> None:
        """End the thread: the app leaves."""
        for worker in (self._worker, self._second):
            if worker is not None:
                worker.close()

    def branch(self, at: int) -> str:
        """Branch from another step; knobs that cannot change there get their recorded values."""
        from tttui.runs.whatif.knobs import knobs

        assert self._data is not None
        self._knobs = knobs(self._data, at)
        here = {knob.name: knob for knob in self._knobs}
        reset = [name for name in self._turned if name not in here or here[name].refused]
        for name in reset:
            del self._turned[name]
        chosen = min(self.state.chosen, len(self._knobs) - 1)
        self.state = replace(self.state, at=at, chosen=chosen, finding="", table=())
        self._ask()
        words = "the start" if at == 0 else f"step {at}"
        if reset:
            return f"What if from {words}; as recorded again: {', '.join(reset)}"
        return f"What if from {words}"

    def keys_turn(self, turning: bool) -> None:
        """Keys turn knobs from now on, or those of the tabs do what they do; the result stays."""
        self.state = replace(self.state, turning=turning)

    def choose(self, by: int) -> None:
        """The next knob, or the one before."""
        self.state = replace(self.state, chosen=(self.state.chosen + by) % len(self._knobs))

    def turn(self, ticks: int, *, coarse: bool = False) -> str:
        """Turn the chosen knob; returns why it cannot be turned, or ''."""
        knob = self.chosen
        if knob.refused:
            return f"{knob.label}: {knob.refused}"
        now = self._turned.get(knob.name, knob.value)
        self._set(knob, knob.turned(now, ticks, coarse=coarse))
        return ""

    def typed(self, text: str) -> str:
        """Set the chosen knob to a typed value; returns its defect, or ''."""
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
        """Reset the chosen knob to its recorded value, or all knobs if it has that already."""
        if self.chosen.name in self._turned:
            self._turned.pop(self.chosen.name)
        else:
            self._turned.clear()
        self._ask()

    def luck(self) -> str:
        """Compare on other seeds; returns why that is impossible, or ''."""
        from tttui.runs.whatif.luck import Seeds

        if not self._turned:
            return "Turn a knob first: without a change there is no luck to tell it from."
        return self._ask_second(lambda request: Seeds(request))

    def sensitivity(self) -> str:
        """Turn every knob by a step; returns why that is impossible, or ''."""
        from tttui.runs.whatif.live import PastStates
        from tttui.runs.whatif.sensitivity import Sensitivity

        # the thread that computes the what-if has its own
        return self._ask_second(lambda request: Sensitivity(request, PastStates()))

    def arrived(self, result: "Result") -> bool:
        """Accept a result; returns whether it is still current."""
        from tttui.runs.whatif.result import WhatIfResult

        if not isinstance(result, WhatIfResult):
            return self._second_arrived(result)
        if result.request is not self._asked:
            return False
        if result.finished or len(result.steps) or self.result is None:
            self.result = result if len(result.steps) else None
        if result.finished:
            self._asked = None
        self._tell(result)
        return True

    def commands(self) -> list[tuple[str, str]]:
        """Command lines of the shell that compute the same, for copying: (what it is, the line)."""
        from tttui.model.shell import command_line
        from tttui.runs.whatif.keep import keep_command

        if self._data is None:
            return []
        path, words = self._data.place.path, list[str]()
        for knob in self._knobs:
            if knob.name in self._turned:
                words += ["--set", f"{knob.name}={self._turned[knob.name]}"]
        at = ["--at", str(self.state.at)] if self.state.at else []
        commands = [("What-if command", command_line("tttui", "whatif", str(path), *words, *at))]
        if self.result is not None:
            commands.append(("Command that keeps it", keep_command(self.result, path.parent)))
        return commands

    def _ask_second(
        self, job: "Callable[[WhatIfRequest], WhatIfJob[SeedsResult | SensitivityResult]]"
    ) -> str:
        from tttui.runs.whatif.worker import WhatIfWorker

        if self.state.wrong or self._request is None:
            return self.state.wrong
        if self._second is None:
            self._second = WhatIfWorker(self._publish)
        self._asked_second = self._request
        self.state = replace(self.state, finding="...", table=())
        self._second.ask(job(self._request))
        return ""

    def _second_arrived(self, result: "SeedsResult | SensitivityResult") -> bool:
        from tttui.runs.whatif.sensitivity import SensitivityResult

        if result.request is not self._asked_second:
            return False
        if result.finished:
            self._asked_second = None
        rows: list[tuple[str, ...]] = []
        if isinstance(result, SensitivityResult):
            for row in result.rows[:MOST]:
                turns = [
                    f"{turn.text}: {turn.difference or turn.refused or '...'}" for turn in row.turns
                ]
                turns = [*turns[:2], *[""] * (2 - len(turns))]
                rows.append((row.knob.label, row.knob.text(row.value), *turns))
        self.state = replace(self.state, finding=result.sentence, table=rows)
        return True

    def _set(self, knob: "Knob", value: Any) -> None:
        if value == knob.value:
            self._turned.pop(knob.name, None)
        else:
            self._turned[knob.name] = value
        self._ask()

    def _ask(self) -> None:
        """Compute the current values in place of the running job."""
        from tttui.runs.whatif.knobs import refusal
        from tttui.runs.whatif.result import WhatIfRequest
        from tttui.runs.whatif.whatif import WhatIf
        from tttui.runs.whatif.worker import WhatIfWorker

        assert self._data is not None
        wrong = refusal(self._data, self.state.at, self._turned)
        self.state = replace(
            self.state,
            knobs=self._knobs,
            turned=dict(self._turned),
            wrong=wrong,
            finding="",
            table=(),
        )
        if self._worker is None:
            self._worker = WhatIfWorker(self._publish)
        if self._second is not None:
            self._second.stop()
            self._asked_second = None
        if wrong:
            self._worker.stop()
            self._asked = self.result = self._request = None
            self.state = replace(self.state, progress="", verdict=None)
            return
        request = WhatIfRequest(self._data, at=self.state.at, changes=dict(self._turned))
        self._asked = self._request = request
        self._worker.ask(WhatIf(request, self._known))

    def _tell(self, result: "WhatIfResult") -> None:
        """Update the strip from a result."""
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
        verdict = result.verdict if len(result.steps) and result.finished else None
        self.state = replace(
            self.state,
            sentence=result.sentence,
            tone=tone,
            progress=progress,
            verdict=verdict or self.state.verdict,
        )
