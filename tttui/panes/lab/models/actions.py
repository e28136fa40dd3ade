"""Actions on a version; each shows its command and asks before it changes anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tttui.lab.registry.names import DEFAULT
from tttui.lab.registry.overview import Registry
from tttui.lab.registry.personas import Persona
from tttui.lab.registry.version import Version
from tttui.model.shell import command_line
from tttui.panes.lab.base import Question
from tttui.panes.lab.tabled import TableView

BASE = "base"
"""What a test calls the model without any skill."""


class ModelActions(TableView[Version]):
    """A view whose keys act on the version under the cursor."""

    registry = Registry()

    @property
    def version(self) -> Version | None:
        """The version under the cursor."""
        return self.item

    @property
    def root(self) -> Path:
        """The run root."""
        return Path("runs") if self.view is None else self.view.root

    def compare_with(self, name: str | None, /) -> None:
        """Show how the version differs from another one."""
        raise NotImplementedError(type(self).__name__)

    def command_words(self, *words: str) -> tuple[str, ...]:
        """A command of the group, with `--root` where it is not the usual one."""
        root = self.root
        return ("tttui", "model", *words, *(() if root == Path("runs") else ("--root", str(root))))

    def do_open(self) -> str | None:
        """Open what the version comes from."""
        version = self.version
        if version is None:
            return None
        origin, path = version.origin, version.origin.get("path")
        if origin.get("kind") == "job":
            self.desk.go_to("jobs", str(origin.get("id", "")))
            return None
        if origin.get("kind") != "session" or not isinstance(path, str):
            return f"{version.name} comes from {origin.get('id') or 'nowhere that is known'}."
        # The path is the registry's word: only what lies in this root is opened.
        place = self.root / Path(path).name
        if not (place / "session").is_dir():
            return f"The session {place.name} is not here any more."
        self.desk.open_session(place)
        return None

    def do_deploy(self) -> str | None:
        from tttui.panes.lab.models.deploying import DeployDialog, Deployment

        version, registry = self.version, self.registry
        if version is None:
            return "There is no version under the cursor."
        known = [one for one in registry.personas if one.current.version != version.name]
        same = [one for one in known if one.current.version.startswith(f"{version.skill}@")]
        first = next((one.called for one in (*same, *known)), f"@{version.skill}")
        chosen_version = version

        def chosen(deployment: Deployment | None) -> None:
            if deployment is None:
                return
            domain = ("--domain", deployment.domain) if deployment.domain != DEFAULT else ()
            force = ("--force",) if deployment.force else ()
            line = self.command_words(
                "deploy", chosen_version.name, "--persona", deployment.persona, *domain, *force
            )

            def do() -> str:
                from tttui.lab.registry import deploy

                made = deploy(
                    self.root,
                    chosen_version,
                    deployment.persona,
                    domain=deployment.domain,
                    force=deployment.force,
                    command=line,
                )
                return f"{made.called} points to {made.current.version} now"

            self.desk.act(do)

        root = command_line(*self.command_words()[2:])
        dialog = DeployDialog(registry, version, f" {root}" if root else "", first)
        self.desk.show_dialog(dialog, chosen)
        return None

    def do_rollback(self) -> str | None:
        version = self.version
        movable = [one for one in self.registry.personas if one.stack[1:]]
        if not movable:
            return "No persona has anything to go back to."
        using = [one for one in movable if version is not None and _uses(one, version)]
        if len(using or movable) == 1:
            self._ask_rollback((using or movable)[0])
            return None
        names = {f"{one.called}  {one.current.version}": one for one in using or movable}

        def chosen(name: str | None) -> None:
            if name is not None:
                self._ask_rollback(names[name])

        self._choose("Roll back", "Which persona shall go back?", tuple(names), chosen)
        return None

    def _ask_rollback(self, persona: Persona) -> None:
        domain = ("--domain", persona.domain) if persona.domain != DEFAULT else ()
        line = self.command_words("rollback", "--persona", persona.name, *domain)
        before = persona.stack[-2].version
        text = f"Point {persona.called} to {before} again? It points to {persona.current.version}."
        root = self.root

        def do() -> str:
            from tttui.lab.registry import rollback

            made = rollback(root, persona.name, domain=persona.domain, command=line)
            return f"{made.called} points to {made.current.version} again"

        question = Question("Roll back", text, command_line(*line), "roll back")
        self.desk.act(do, question)

    def do_test(self) -> str | None:
        version = self.version
        if version is None:
            return None
        if version.type == "base":
            return f"{version.name} is a base; test a skill over it."
        against = next(iter(self._others(version)), BASE)
        self.desk.form(("model", "test"), {"version": version.name, "baseline": against})
        return None

    def do_compare(self) -> str | None:
        """Choose the version that the one under the cursor is compared with."""
        version = self.version
        if version is None:
            return None
        others = self._others(version)
        if not others:
            return f"There is no other version of the task {version.task}."
        text = f"With which version shall {version.name} be compared?"
        self._choose("Compare", text, others, self.compare_with)
        return None

    def do_remove(self) -> str | None:
        version, root = self.version, self.root
        if version is None:
            return None
        line = self.command_words("rm", version.name)
        text = (
            f"Take {version.name} out of the registry? Its number is not given again. It stays "
            "while something depends on it."
        )

        def do() -> str:
            from tttui.lab.registry import remove

            return f"{version.name} lies in {remove(root, version, command=line)} now"

        question = Question("Remove", text, command_line(*line), "take it out")
        self.desk.act(do, question)
        return None

    def _others(self, version: Version) -> tuple[str, ...]:
        """Other versions of the task: what is in use first, then of the same skill, then all."""
        registry = self.registry
        used = [one.current.version for one in registry.personas]
        same = [one for one in registry.versions if one.task == version.task]
        names = [one.name for one in same if one.type == version.type]
        ordered = [name for name in used if name in names]
        ordered += [name for name in names if name.startswith(f"{version.skill}@")] + names
        return tuple(name for name in dict.fromkeys(ordered) if name != version.name)

    def _choose(self, title: str, text: str, names: Sequence[str], then: "Then") -> None:
        from tttui.panes.lab.jobs.choose import ChooseDialog

        self.desk.show_dialog(ChooseDialog(title, text, names), then)


class Then(Protocol):
    """What is done with the name that was chosen, or None."""

    def __call__(self, name: str | None, /) -> None: ...


def _uses(persona: Persona, version: Version) -> bool:
    return persona.current.version == version.name
