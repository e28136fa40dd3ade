"""Keys typed ahead act one after another, each on the screen that the previous one left.

Textual runs the command of a key at once, in a task of its own: keys that are typed while the
app starts, while a tab is made or faster than messages travel would act on widgets that are not
there yet, or twice on the same state.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from textual import events
from textual.dom import DOMNode
from textual.driver import Driver
from textual.timer import Timer

from tttui.toolkit import OpenedApp

PATIENCE_S = 3.0
"""How long a key waits for what it acts on, in seconds; then it acts on what there is."""


class KeysInOrder(OpenedApp):
    """Carries out keys in the order in which they were typed; none is lost or acts twice.

    A key has acted when the messages that it caused have been handled on their way from the
    widget that it went to up to the app. Only then the next one is looked at, and it waits for
    as long as `takes` says that what it acts on is still being made. One that `measures` the
    screen waits until it is laid out anew, unless it is the same key again (one that is held down).
    """

    def __init__(self, driver: type[Driver], **more: Any) -> None:
        self._typed: deque[events.Key | events.Paste] = deque()
        self._last = ""
        """The last key that was carried out."""
        self._acting = True
        """It (at first: the making of the screen) has not had all of its effect yet."""
        self._laying_out: object = None
        """The effect is not laid out yet: which one it is."""
        self._patience: Timer | None = None
        """Runs while a key waits."""
        self._patient = True
        """Keys wait for what they act on."""
        super().__init__(driver_class=driver, **more)

    def takes(self, key: str) -> bool:
        """What this key acts on in the shown screen is there."""
        return True

    def measures(self, key: str) -> bool:
        """How far this key goes depends on how much fits on the screen."""
        return False

    def acts_at_once(self, key: str) -> bool:
        """This key has had all of its effect when its command returns."""
        return False

    def key_target(self) -> DOMNode:
        """The innermost node that the next key may act on; it may be one that is being made."""
        return self.focused or self.screen

    def on_mount(self) -> None:
        self._follow(self.key_target(), self._acted)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            await self.next_key()
        else:
            await super().on_event(event)

    async def next_key(self) -> None:
        """Carry out the next key, if there is one and its time has come.

        Called in the app's own task, also whenever something has come that keys wait for. What is
        typed while the app leaves is typed to whatever comes after it.
        """
        if self.leaving or not self.screen_stack:
            self._typed.clear()
        while self._typed and not self._acting:
            event = self._typed[0]
            key = event.key if isinstance(event, events.Key) else ""
            unplaced = self._laying_out is not None and key != self._last and self.measures(key)
            if key and (unplaced or not self.takes(key)):
                if self._patient:
                    self._patience = self._patience or self.set_timer(PATIENCE_S, self._hurry)
                    return
            else:
                self._wait_again()
            self._typed.popleft()
            await self._carry_out(event, key)

    async def _carry_out(self, event: events.Key | events.Paste, key: str) -> None:
        target, at_once = self.key_target(), bool(key) and self.acts_at_once(key)
        self._acting = True
        await super().on_event(event)
        if at_once:
            self._acting = False
        else:
            self._last, self._laying_out = key, None
            self._follow(target, self._acted)

    async def _hurry(self) -> None:
        """What keys wait for takes too long."""
        self._patient = False
        await self.next_key()

    def _wait_again(self) -> None:
        if self._patience is not None:
            self._patience.stop()
        self._patience, self._patient = None, True

    async def _acted(self) -> None:
        """All messages of the last key are handled: lay out what they changed."""
        self._acting, self._laying_out = False, (change := object())

        async def laid_out() -> None:
            if self._laying_out is change:
                self._laying_out = None
                await self.next_key()

        self.screen.call_after_refresh(self._follow, self.key_target(), laid_out)
        await self.next_key()

    def _follow(self, target: DOMNode, then: Callable[[], Any]) -> None:
        """Call `then` when all messages that are on their way up from `target` have arrived.

        A call takes its turn in the queue of every node on the way. It does so twice, since the
        handler of one message may send another one; and where the next key would go another way,
        through a tab or a dialog that is being made, it takes that way, too.
        """
        nodes = [node for node in target.ancestors_with_self if node is not self]
        way = iter([node for node in (*nodes, self) for _ in range(2)])

        async def pass_on() -> None:
            for node in way:
                if node.call_later(pass_on):  # else the node is gone
                    return
            now = self.key_target()
            if now is target:
                await then()
            else:
                self._follow(now, then)

        self.call_later(pass_on)
