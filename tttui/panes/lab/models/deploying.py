"""Asking to which persona a version is deployed, with what would become of it."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tttui.draw.text import Text
from tttui.lab.registry.names import DEFAULT, Named, named
from tttui.lab.registry.overview import Registry
from tttui.lab.registry.version import Version
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.shell import command_line


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was chosen."""

    persona: str
    domain: str
    force: bool


@dataclass(frozen=True, slots=True)
class Prospect:
    """The outcome that a deployment would have."""

    text: str
    possible: bool
    needs_force: bool = False


def prospect(registry: Registry, version: Version, typed: str) -> Prospect:
    """What deploying a version to the persona that was typed would do."""
    try:
        target = persona_typed(typed)
    except RefusedInput as error:
        return Prospect(str(error), False)
    persona = next(
        (p for p in registry.personas if (p.name, p.domain) == (target.persona, target.domain)),
        None,
    )
    if persona is None:
        return Prospect("A new persona: nothing is in use there yet.", True)
    use = persona.current.version
    if use == version.name:
        return Prospect(f"{persona.called} points to {use} already.", False)
    verdict = registry.verdict(version, use)
    if not verdict:
        text = f"{use} is in use there, and {version.name} was never tested against it."
        return Prospect(text, True, True)
    if verdict == "worse":
        return Prospect(f"{version.name} is worse than {use}, which is in use there.", True, True)
    word = "as good as" if verdict == "no difference" else "better than"
    return Prospect(f"{version.name} is {word} {use}, which is in use there.", True)


def persona_typed(typed: str) -> Named:
    """`helper`, `@helper` or `@helper/DOMAIN`. Raises RefusedInput."""
    return named(f"@{typed.strip().removeprefix('@')}")


class DeployDialog(ModalScreen[Deployment]):
    """Returns where to, or None."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "close"),
        Binding("ctrl+f", "force", "force", priority=True),  # the field has one of its own
        Binding("ctrl+y", "copy", "copy the command", priority=True),
    ]
    DEFAULT_CSS = """
    DeployDialog { align: center middle; }
    DeployDialog Vertical {
        width: 90%; max-width: 84; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    DeployDialog Static { height: auto; }
    DeployDialog Input { border: none; height: 1; padding: 0; margin: 1 0; background: $boost; }
    DeployDialog Input:focus { border: none; }
    DeployDialog #command { margin-top: 1; }
    """

    def __init__(self, registry: Registry, version: Version, root: str, persona: str) -> None:
        """`root` are the words that name the run root, `persona` what is there at first."""
        super().__init__()
        self._registry, self._version, self._root = registry, version, root
        self._persona, self._force = persona, False

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(f"Deploy {self._version.name}")
            box.border_subtitle = "enter deploys, ctrl+f forces, ctrl+y copies, esc closes"
            yield Static(Text("Persona, or persona/domain:", "dim"))
            yield Input(self._persona, select_on_focus=False)
            yield Static(id="prospect")
            yield Static(id="command")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._tell()

    def _tell(self) -> None:
        outlook = prospect(self._registry, self._version, self.query_one(Input).value)
        style = "" if outlook.possible else "bold"
        text = outlook.text
        if outlook.needs_force:
            forced = "It will be forced, and the audit says so."
            text += f" {forced if self._force else 'ctrl+f forces it.'}"
        self.query_one("#prospect", Static).update(Text(text, style))
        self.query_one("#command", Static).update(Text(self._command() or "", "dim"))

    def _command(self) -> str:
        """The command that does the same; '' where the name is none."""
        try:
            target = persona_typed(self.query_one(Input).value)
        except RefusedInput:
            return ""
        words = ["tttui", "model", "deploy", self._version.name, "--persona", target.persona]
        words += ["--domain", target.domain] if target.domain != DEFAULT else []
        words += ["--force"] if self._force else []
        return command_line(*words) + self._root

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._tell()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        outlook = prospect(self._registry, self._version, event.value)
        if outlook.possible and (self._force or not outlook.needs_force):
            target = persona_typed(event.value)
            self.dismiss(Deployment(target.persona, target.domain, self._force))

    def action_force(self) -> None:
        self._force = not self._force
        self._tell()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._command())
        self.query_one(Vertical).border_subtitle = "the command is copied"
