"""The what-if in the app: the strip of knobs, their keys, and the result."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen

from tttui.draw.look import Look
from tttui.screens.counterfactual import Counterfactual
from tttui.screens.notes import Notes
from tttui.screens.state import ScreenState
from tttui.widgets.knobstrip import KnobStrip
from tttui.widgets.scrubber import Scrubber

if TYPE_CHECKING:
    from tttui.screens.counterfactual import Result


class WhatIfArrived(Message):
    """A what-if has a new result; a newer one of its kind in the queue replaces an older one."""

    def __init__(self, result: "Result") -> None:
        super().__init__()
        self.result = result

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, WhatIfArrived) and type(message.result) is type(self.result)


class WhatIfControl:
    """Shows the strip while a what-if is open.

    `changed` makes room for it and draws the new state, `draw` only draws, and `start` starts a
    session by a command of tttui. Results are messages to the screen, which hands them to
    `arrived`.
    """

    def __init__(
        self,
        screen: Screen[None],
        state: ScreenState,
        notes: Notes,
        changed: Callable[[], None],
        draw: Callable[[], None],
        start: Callable[[Sequence[str], str], None],
    ) -> None:
        self._screen, self._state, self._notes = screen, state, notes
        self._changed, self._draw, self._start = changed, draw, start
        self.counterfactual = Counterfactual(
            lambda result: screen.post_message(WhatIfArrived(result))
        )
        self._strip = KnobStrip()
        """Mounted when it is first wanted."""
        self._strip.display = False
        self._rows = 0
        self._look = Look()

    def show(self, look: Look) -> None:
        """Draw the newest state, where the strip is on the screen."""
        self._look = look
        if self._strip.display and self._strip.is_mounted:
            self._strip.show(self.counterfactual.state, look)

    def fit(self, size: Size) -> int:
        """The rows that the strip takes on a screen of this size."""
        self._rows = KnobStrip.rows_of(self.counterfactual.state, size)
        self._strip.styles.height = self._rows
        return self._rows if self._strip.display else 0

    def arrived(self, result: "Result") -> None:
        """Accept a result if it is still current."""
        if self.counterfactual.arrived(result) and not self._outgrown():
            self._draw()

    def follow(self) -> None:
        """End the what-if of a session that is not the open one any more."""
        data = self._state.data
        if self.counterfactual.open and (data is None or data.place != self.counterfactual.place):
            self.end()

    def end(self) -> bool:
        """Close the what-if; returns whether one was open."""
        was = self.counterfactual.open
        if was:
            self.counterfactual.end()
            self._state.turning = self._strip.display = False
            self._changed()
        return was

    def back(self) -> bool:
        """Leave it on escape while knobs are turned; whether they were."""
        return self._state.turning and self.end()

    def copyable(self) -> Sequence[tuple[str, str]]:
        """What `y` copies while knobs are turned: commands that compute the same."""
        return self.counterfactual.commands() if self._state.turning else ()

    def close(self) -> None:
        """End the thread: the app leaves."""
        self.counterfactual.close()

    async def action_whatif(self) -> None:
        data = self._state.data
        if data is None:
            return
        if not self.counterfactual.open:
            wrong = self.counterfactual.begin(data)
            if wrong:
                self._notes.say(wrong)
                return
            self._strip.display = True
            if not self._strip.is_attached:
                self._strip.typed = self._typed
                await self._screen.mount(self._strip, before=self._screen.query_one(Scrubber))
        self.counterfactual.keys_turn(not self._state.turning)
        self._state.turning = self.counterfactual.state.turning
        self._changed()

    def action_knob(self, by: int) -> None:
        self.counterfactual.choose(by)
        self._show_note("")

    def action_turn(self, ticks: int) -> None:
        self._show_note(self.counterfactual.turn(ticks))

    def action_turn_far(self, ticks: int) -> None:
        self._show_note(self.counterfactual.turn(ticks, coarse=True))

    def action_knob_value(self) -> None:
        self._strip.type(self.counterfactual.shown_value())

    def action_knob_reset(self) -> None:
        self.counterfactual.reset()
        self._show_note("")

    def action_whatif_branch(self) -> None:
        at = 0 if self.counterfactual.state.at else self._state.timeline.cursor
        self._show_note(self.counterfactual.branch(at))

    def action_whatif_luck(self) -> None:
        self._show_note(self.counterfactual.luck())

    def action_whatif_sensitivity(self) -> None:
        self._show_note(self.counterfactual.sensitivity())

    def action_whatif_keep(self) -> None:
        from tttui.runs.whatif.keep import keep_words

        result = self.counterfactual.result
        if result is None or not result.finished or self.counterfactual.state.wrong:
            self._notes.say("Nothing to keep yet: the what-if is not computed to its end.")
            return
        words = keep_words(result, result.request.data.place.path.parent)
        self._start(words, "Keeping the what-if as a session")

    def _typed(self, text: str | None) -> None:
        self._show_note("" if text is None else self.counterfactual.typed(text))

    def _show_note(self, note: str) -> None:
        if note:
            self._notes.say(note)
        if not self._outgrown():
            self.show(self._look)

    def _outgrown(self) -> bool:
        """Make room for the strip where it takes other rows now; whether it does."""
        if KnobStrip.rows_of(self.counterfactual.state, self._screen.size) == self._rows:
            return False
        self._changed()
        return True
