"""The Overview of a session that has no steps yet: the loss of its base, and how long it takes."""

from dataclasses import replace

from tttui.draw.envelope import Series
from tttui.draw.numbers import short
from tttui.draw.plot import Plot, Trace
from tttui.model.ages import duration_text
from tttui.model.session import SessionData
from tttui.model.timeline import Timeline
from tttui.model.verdict import Verdict
from tttui.plots.errors import SPAN, curve


def is_pretraining(data: SessionData) -> bool:
    """The session waits for its base, and has nothing else to show."""
    return not len(data.steps) and data.status is not None and data.status.pretraining is not None


def loss_plot(data: SessionData) -> Plot:
    """The loss over the steps of the pretraining, averaged, with the raw one behind."""
    traces: tuple[Trace, ...] = ()
    if data.loss is not None:
        raw = Series(data.loss.step, data.loss.loss)
        traces = (curve("loss", raw, "adaptive", smooth=True, heavy=True),)
    return Plot(
        title="pretraining",
        traces=traces,
        note=f"one-step MSE of its base, average over {SPAN} steps",
        message="no losses recorded yet",
    )


def loss_timeline(data: SessionData) -> Timeline:
    """All steps of the pretraining, of which the newest is read; errors on a log axis."""
    status, loss = data.status, data.loss
    if loss is None or status is None or status.pretraining is None:
        return Timeline()
    first, last = int(loss.step[0]), int(loss.step[-1])
    timeline = Timeline.over(first, last).extended(last, status.pretraining.steps)
    return replace(timeline, log=True, follow=True)


def progress(data: SessionData) -> Verdict:
    """How far the pretraining is, and what comes then."""
    status = data.status
    assert status is not None
    assert status.pretraining is not None
    base, then = status.pretraining, f"the session's {status.steps_total or ''} steps follow"
    share = f"step {base.step} of {base.steps} ({100 * base.step / max(1, base.steps):.0f} %)"
    if base.loss is not None:
        share += f", loss {short(base.loss)}"
    left = base.seconds_left
    if status.state == "pretraining" and base.waits_for is not None:
        return Verdict.plain(f"It {base}; {then} by themselves.", "unclear")
    if status.state == "pretraining":
        eta = "" if left is None else f", {duration_text(left)} left"
        return Verdict.plain(
            f"Its base is being pretrained: {share}{eta}; {then} by themselves.", "unclear"
        )
    if status.state == "paused":
        return Verdict.plain(
            f"The pretraining of its base is paused at {share}; p goes on.", "unclear"
        )
    why = f" ({status.error})" if status.error else ""
    how = f"The pretraining of its base is {status.state} at {share}{why}"
    return Verdict.plain(f"{how}; resume it with d, and {then}.", "worse")
