"""A text field whose keys act in the order in which they were typed."""

from textual import events
from textual.reactive import reactive
from textual.widgets import Input

from tttui.toolkit import bound_to


class TextField(Input):
    """Carries out its own keys, and does not leave them to the app.

    The app would carry out a binding (backspace, ctrl+u, left ...) before or after the
    characters that are still in the queue here: what is typed ahead on a busy machine or a slow
    connection would lose the wrong ones.
    """

    cursor_blink = reactive(False, init=False)
    """A blinking cursor would send something twice a second for as long as a field is open."""

    async def on_key(self, event: events.Key) -> None:
        for binding in [] if event.is_printable else bound_to(self, event.key):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return
