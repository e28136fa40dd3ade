"""The one place in time that all views share: cursor, visible window, play state, selection."""

from dataclasses import replace
from typing import Self

from tttui.model.dataclass import dataclass

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Playback speeds, as multiples of `STEPS_PER_SECOND`."""

STEPS_PER_SECOND = 10.0
"""Steps that playback advances in a second at speed x1."""

NARROWEST = 8
"""Smallest distance between the window's ends that zooming in leaves, in steps."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A position in a run of steps `first`..`last`, both inclusive; a value, never changed.

    Always first <= t0 <= cursor <= t1 <= end and cursor <= last; an empty run has
    last = first - 1 and then t0 = t1 = cursor = first. Methods return a new Timeline; steps
    beyond the ends are clamped.
    """

    first: int = 0
    last: int = -1
    cursor: int = 0
    t0: int = 0
    t1: int = 0
    playing: bool = False
    speed: float = 1.0
    """One of SPEEDS."""
    follow: bool = False
    """The cursor stays at the live end as the run grows."""
    selected: int | None = None
    """Index of the selected transaction."""
    log: bool = False
    smooth: bool = False
    horizon: int = -1
    """The step up to which a growing run leaves room, so that its axis stands still."""
    phase: float = 0.0
    """Fraction of a step that playback has already spent, in [0, 1)."""

    @classmethod
    def over(cls, first: int, last: int) -> Self:
        """All of first..last in view, the cursor at the end; empty if last < first."""
        if last < first:
            return cls(first, first - 1, first, first, first)
        return cls(first, last, last, first, last)

    @property
    def end(self) -> int:
        """The last step of the axis: of the run, or what a growing run leaves room for."""
        return max(self.last, self.horizon, self.first)

    @property
    def empty(self) -> bool:
        return self.last < self.first

    @property
    def span(self) -> int:
        """Distance between the ends of the window, in steps; 0 for an empty or one-step run."""
        return self.t1 - self.t0

    @property
    def whole(self) -> bool:
        """The window shows the whole run."""
        return self.empty or (self.t0 == self.first and self.t1 == self.end)

    @property
    def at_end(self) -> bool:
        return self.empty or self.cursor == self.last

    def jump(self, t: int) -> Self:
        """The cursor at step t, the window slid as needed; leaving the end ends follow."""
        if self.empty:
            return self
        cursor = min(max(t, self.first), self.last)
        moved = replace(self, cursor=cursor, follow=self.follow and cursor == self.last)
        return moved._sliding_to_cursor()

    def step(self, n: int) -> Self:
        """The cursor n steps on (back, if negative)."""
        return self.jump(self.cursor + n)

    def to_start(self) -> Self:
        return self.jump(self.first)

    def to_end(self) -> Self:
        return self.jump(self.last)

    def zoom(self, factor: float, around: int | None = None) -> Self:
        """The window `factor` times as wide, keeping `around` (the cursor) where it is on screen.

        The cursor stays in view: the window slides to it if `around` is elsewhere.
        """
        if self.empty:
            return self
        centre = self.cursor if around is None else min(max(around, self.t0), self.t1)
        full = self.end - self.first
        span = min(max(round(self.span * factor), min(NARROWEST, full)), full)
        if span == self.span and factor != 1:
            span = min(max(span + (1 if factor > 1 else -1), min(NARROWEST, full)), full)
        share = (centre - self.t0) / self.span if self.span else 0.5
        t0 = min(max(centre - round(share * span), self.first), self.end - span)
        return replace(self, t0=t0, t1=t0 + span)._sliding_to_cursor()

    def zoom_in(self) -> Self:
        return self.zoom(0.5)

    def zoom_out(self) -> Self:
        return self.zoom(2.0)

    def show(self, t0: int, t1: int) -> Self:
        """The window t0..t1 (in either order); the cursor moves to its nearest end if outside."""
        if self.empty:
            return self
        low, high = sorted(min(max(t, self.first), self.last) for t in (t0, t1))
        cursor = min(max(self.cursor, low), high)
        return replace(
            self,
            t0=low,
            t1=high,
            cursor=cursor,
            follow=self.follow and cursor == self.last,
        )

    def reset(self) -> Self:
        """The window over the whole run."""
        return replace(self, t0=self.first, t1=self.end)

    def extended(self, last: int, horizon: int = -1) -> Self:
        """The same view of a run that has grown to `last` and leaves room up to `horizon`.

        A window over the whole run stays so; with follow on, cursor and window move to the end.
        A run that shrank (it was rolled back, or is another one) pulls everything inside.
        """
        if last < self.first:
            return replace(
                type(self).over(self.first, last),
                speed=self.speed,
                follow=self.follow,
                log=self.log,
                smooth=self.smooth,
            )
        was_whole, span = self.whole, self.span
        cursor = last if self.follow or self.empty else min(self.cursor, last)
        grown = replace(self, last=last, cursor=cursor, horizon=horizon)
        if was_whole:
            return grown.reset()
        span = min(span, grown.end - self.first)
        t0 = min(self.t0, grown.end - span)
        return replace(grown, t0=t0, t1=t0 + span)._sliding_to_cursor()

    def faster(self) -> Self:
        return replace(self, speed=next((s for s in SPEEDS if s > self.speed), SPEEDS[-1]))

    def slower(self) -> Self:
        return replace(self, speed=next((s for s in SPEEDS[::-1] if s < self.speed), SPEEDS[0]))

    def toggle_play(self) -> Self:
        """Play or pause; playing from the end starts over."""
        if self.empty:
            return self
        if self.playing:
            return replace(self, playing=False, phase=0.0)
        from_start = self.to_start() if self.at_end else self
        return replace(from_start, playing=from_start.last > from_start.first, phase=0.0)

    def played(self, seconds: float) -> Self:
        """The view after `seconds` of playback; playing stops at the end of the run."""
        if not self.playing or seconds <= 0:
            return self
        whole, phase = divmod(self.phase + seconds * self.speed * STEPS_PER_SECOND, 1.0)
        moved = replace(self.step(int(whole)), phase=phase)
        return replace(moved, playing=False, phase=0.0) if moved.at_end else moved

    def toggle_follow(self) -> Self:
        """Follow the live end (which jumps there), or stop doing so."""
        if self.follow:
            return replace(self, follow=False)
        return replace(self.to_end(), follow=True, playing=False)

    def select(self, index: int | None, t: int | None = None) -> Self:
        """Select a transaction by index and, if its step t is given, bring the cursor there."""
        chosen = replace(self, selected=index)
        return chosen if t is None else chosen.jump(t)

    def _sliding_to_cursor(self) -> Self:
        """The window moved for the cursor to lie in it: as little as needed, or, while following
        a growing run, by a quarter more where there is room, so that it moves seldom."""
        if self.t0 <= self.cursor <= self.t1:
            return self
        if self.cursor < self.t0:
            shift = self.cursor - self.t0
        else:
            shift = self.cursor - self.t1
            if self.follow:
                shift = min(shift + self.span // 4, self.end - self.t1)
        return replace(self, t0=self.t0 + shift, t1=self.t1 + shift)
