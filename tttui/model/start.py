"""The view of a session, as a command line, a link or the saved views state it."""

from dataclasses import replace

from tttui.model.dataclass import dataclass
from tttui.model.timeline import Timeline


@dataclass(frozen=True, slots=True)
class StartView:
    """A view of a session; None or empty fields are chosen by the app."""

    tab: str | None = None
    t: int | None = None
    window: tuple[int, int] | None = None
    log: bool | None = None
    """None: logarithmic where the errors spread far."""
    smooth: bool = False
    follow: bool = False
    view: str | None = None
    """What the tab shows, of what `v` cycles through."""
    region: str | None = None
    """The region of the tab in which the keys act."""
    query: str = ""
    """Only rows of the tab's table that pass it."""
    sort: str | None = None
    """The column that the tab's table is sorted by, `grad` or `grad:desc`."""
    statuses: tuple[str, ...] | None = None
    """Only transactions of these statuses are shown."""
    transaction: int | None = None
    """The selected transaction, counted from 1."""
    inspect: bool = False
    """The panel of the transaction is open."""
    yardsticks: bool = False
    """The error chart has yardsticks."""
    ghost: float | None = None
    """The friction of the ghost."""
    byte: int | None = None
    """The byte of a document at which the cursor is, within its step."""
    lab: str | None = None
    """The view of the lab that is on the screen in place of the tabs."""
    item: str | None = None
    """What is selected in it: a job, a version ..."""

    @property
    def reach(self) -> int:
        """The last step that this view needs."""
        return max(self.t or 0, self.window[1] if self.window else 0)

    def applied(self, timeline: Timeline) -> Timeline:
        """The timeline as this view has it."""
        if self.log is not None:
            timeline = replace(timeline, log=self.log)
        if self.smooth:
            timeline = replace(timeline, smooth=True)
        if self.window is not None:
            timeline = timeline.show(*self.window)
        if self.t is not None:
            timeline = timeline.jump(self.t)
        return replace(timeline.to_end(), follow=True) if self.follow else timeline

    def options(self) -> list[str]:
        """The options of the command line that name this view."""
        words: list[str] = []

        def say(option: str, value: object) -> None:
            if value not in (None, ""):
                words.extend((option, str(value)))

        say("--lab", self.lab)
        say("--item", self.item)
        say("--tab", self.tab)
        say("--t", self.t)
        say("--window", f"{self.window[0]}:{self.window[1]}" if self.window else None)
        words += [] if self.log is None else ["--log" if self.log else "--linear"]
        say("--view", self.view)
        say("--region", self.region)
        say("--query", self.query)
        say("--sort", self.sort)
        for status in self.statuses or ():
            say("--status", status.removeprefix("rollback_"))
        say("--transaction", self.transaction)
        say("--ghost", self.ghost)
        say("--byte", self.byte)
        flags = {"--smooth": self.smooth, "--follow": self.follow, "--inspect": self.inspect}
        flags["--yardsticks"] = self.yardsticks
        return words + [flag for flag, chosen in flags.items() if chosen]
