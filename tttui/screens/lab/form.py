"""The form of any command, made from its own definition."""

from tttui.lab.commandplan import CommandPlan
from tttui.screens.form import Form


class CommandForm(Form[CommandPlan]):
    """Tells what the command does; what it returns is to be carried out as a process."""

    def __init__(self, plan: CommandPlan) -> None:
        empty = next((name for name in plan.names if not plan.text(name)), "")
        super().__init__(plan, f"tttui {plan.title}", empty)

    def said_below(self) -> str:
        return self.plan.about
