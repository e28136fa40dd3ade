"""The form that starts a session: new, forked or resumed."""

from collections.abc import Mapping

from tttui.runs.plan import LaunchPlan, Measured
from tttui.screens.form import Form

TITLES: Mapping[str, str] = {"run": "New session", "fork": "Fork", "resume": "Resume"}


class LaunchForm(Form[LaunchPlan]):
    """Tells what the session will take."""

    def __init__(self, plan: LaunchPlan, measured: Measured) -> None:
        source = plan.source
        title = TITLES[plan.kind] + (f" {source.name}" if source else "")
        super().__init__(plan, title, "name")  # the task is chosen above it
        self._measured = measured

    def footnote(self) -> str:
        task = self.plan.runner.task.name
        return self.plan.estimate(self._measured.speed(task), self._measured.bytes_a_step(task))
