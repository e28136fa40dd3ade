"""Genome: skills over their base, what each changes, and what a merge of some would do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual import on
from textual.app import ComposeResult

from tttui.keys.command import Command
from tttui.lab.genome.composing import ADAPTER_METHODS
from tttui.lab.genome.holders import KIND, LIVE
from tttui.lab.genome.methods import METHODS, Recipe
from tttui.lab.job import Job
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState, LabView, Question
from tttui.panes.lab.genome import words
from tttui.panes.lab.genome.graph import GenomeColumn, GenomeGraph, GenomePicture
from tttui.panes.lab.genome.keys import KEYS, MEANING
from tttui.panes.lab.genome.words import USUAL
from tttui.store.lab.genome import GENOME, Genome, GenomeSelection, SkillOnBase
from tttui.store.lab.jobs import JOBS
from tttui.widgets.page import Page

STEP = 0.1
"""By which a key changes a weight."""

DENSITIES = (0.1, 0.2, 0.5, 1.0)

EMPTY = (
    "No skills here yet. n and `train start` trains one, n and `model register` keeps what a "
    "session has learned; skills over one base can be merged here."
)

TEXT_ROWS = 9
"""Rows of the text below, where there is room for more than a few layers."""


class GenomeView(LabView):
    """The picture, and below it the merge in words: command, effect, where the skills are."""

    needs = frozenset({GENOME.name, JOBS.name})
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    GenomeView { layout: vertical; height: 1fr; }
    GenomeView #nothing { display: none; height: 1fr; padding: 1 2; }
    GenomeView.empty #nothing { display: block; }
    GenomeView.empty #graph, GenomeView.empty #words { display: none; }
    GenomeView #words { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._state: LabState | None = None
        self._genome = Genome()
        self._weights: dict[str, float] = {}
        self._recipe = Recipe()
        self._base = ""
        self._at = ""
        """The version under the cursor."""
        self._layer = 0
        self._selection_last: GenomeSelection | None = None
        self._jobs: tuple[Job, ...] = ()
        """The jobs that keep skills in memory, as last passed to the store."""

    def compose(self) -> ComposeResult:
        yield Page("Genome", id="nothing")
        yield GenomeGraph(id="graph")
        yield Page("Merge", id="words")

    def use_room(self) -> None:
        self._share_room()

    def _share_room(self) -> None:
        """The picture takes what it needs, the words below it the rest, and some rows at least."""
        rows = TEXT_ROWS if self.room.height >= 24 else 7
        words = min(rows, max(self.room.height // 3, 4))
        graph = self.query_one(GenomeGraph)
        graph.styles.height = graph.rows_in(max(self.room.height - words, 1))

    # Drawing

    def show(self, state: LabState) -> None:
        self._state, self._genome = state, state.of(GENOME)
        genome = self._genome
        self.set_class(genome.known and not genome.skills, "empty")
        if not genome.skills:
            why = "; ".join(genome.problems) or (EMPTY if genome.known else "Reading ...")
            self.query_one("#nothing", Page).set_content(lambda prose: prose.say(why), why)
            return
        names = [skill.name for skill in genome.skills]
        if self._at not in names:
            self._at = names[0]
        self._ask(state)
        self.query_one(GenomeGraph).show(self._picture())
        self._share_room()
        selection, skill = self._selection(), self.skill
        key = (genome, self._at, self._layer, selection)
        command = self._command() if selection.weights else ""
        content = words.effect(genome, selection, skill, self._layer, command)
        self.query_one("#words", Page).set_content(content, key, words.title(selection))

    def _selection(self) -> GenomeSelection:
        there = {skill.name for skill in self._genome.skills}
        weights = tuple((name, w) for name, w in self._weights.items() if name in there)
        return GenomeSelection(self._base, weights, self._recipe)

    def _ask(self, state: LabState) -> None:
        """Have the store work out what is looked at, and read what the jobs hold that live."""
        live = state.of(JOBS).live
        jobs = tuple(job for job in live if job.kind == KIND and job.state in LIVE)
        if jobs != self._jobs:
            self._jobs = jobs
            self.desk.tell("genome", lambda feed: feed.choose(jobs))
        selection = self._selection()
        if selection != self._selection_last:
            self._selection_last = selection
            self.desk.tell("genome", lambda feed: feed.select(selection))

    def _picture(self) -> GenomePicture:
        genome, first = self._genome, self._genome.skills[0].version
        where = self._states()
        columns = [
            GenomeColumn(
                skill.name,
                where.get(skill.name, "on disk"),
                self._weights.get(skill.name),
                {
                    one.name: one.norms[skill.name]
                    for one in genome.layers
                    if skill.name in one.norms
                },
            )
            for skill in genome.skills
        ]
        merge = bool(self._selection().weights)
        if merge:
            composed = genome.composed if genome.selection == self._selection() else {}
            columns.append(GenomeColumn("merge", norms=composed, note=words.how(self._recipe)))
        base = f"{first.task} {first.base_sha256.rpartition(':')[2][:8]}"
        self._layer = min(self._layer, max(len(genome.layers) - 1, 0))
        return GenomePicture(base, genome.layers, columns, merge, self._column, self._layer)

    @property
    def _column(self) -> int:
        names = [skill.name for skill in self._genome.skills]
        return names.index(self._at) if self._at in names else 0

    @property
    def skill(self) -> SkillOnBase | None:
        """The one under the cursor."""
        skills = self._genome.skills
        return skills[self._column] if skills else None

    def _states(self) -> Mapping[str, str]:
        """Where each skill is that a process knows of; in memory wins over paged out."""
        order = ("paged out", "resident", "in force")
        states: dict[str, str] = {}
        for holder in self._genome.holders:
            for mine in holder.skills:
                known = states.get(mine.name, "")
                if mine.state in order and (
                    not known or order.index(mine.state) > order.index(known)
                ):
                    states[mine.name] = mine.state
        return states

    def _command(self) -> str:
        return command_line("tttui", *self._words_of_command("genome"), *self._where())

    def _words_of_command(self, name: str) -> tuple[str, ...]:
        recipe, weights = self._recipe, self._selection().weights
        skills = ",".join(f"{n}:{w:g}" for n, w in weights)
        density = ("--density", f"{recipe.density:g}") if recipe.method in USUAL else ()
        how = ("--method", recipe.method, *density)
        return ("genome", "compose", "--skills", skills, *how, "--name", name)

    def _where(self) -> tuple[str, ...]:
        root = "" if self._state is None else str(self._state.root)
        return () if root in ("", "runs") else ("--root", root)

    # Keys

    def do_skill_left(self) -> None:
        self._move(-1)

    def do_skill_right(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        skills = self._genome.skills
        if skills:
            self._at = skills[min(max(self._column + by, 0), len(skills) - 1)].name
            self.desk.again()

    def do_layer_up(self) -> None:
        self._to_layer(self._layer - 1)

    def do_layer_down(self) -> None:
        self._to_layer(self._layer + 1)

    def _to_layer(self, layer: int) -> None:
        self._layer = min(max(layer, 0), max(len(self._genome.layers) - 1, 0))
        self.desk.again()

    def do_choose(self) -> None:
        if self.skill is None:
            return
        if self._weights.pop(self._at, None) is None:
            self._weights[self._at] = 1.0
        self.desk.again()

    def do_more(self) -> str | None:
        return self._weigh(STEP)

    def do_less(self) -> str | None:
        return self._weigh(-STEP)

    def _weigh(self, by: float) -> str | None:
        if self._at not in self._weights:
            return f"{self._at} is not in the merge; space takes it in"
        self._weights[self._at] = round(self._weights[self._at] + by, 6)
        self.desk.again()
        return None

    def do_method(self) -> str:
        adapters = any(layer.name.count(".lora_") for layer in self._genome.layers)
        known = (*METHODS, *ADAPTER_METHODS) if adapters else METHODS
        at = known.index(self._recipe.method) if self._recipe.method in known else -1
        method = known[(at + 1) % len(known)]
        self._recipe = Recipe(method, USUAL.get(method, 1.0))
        self.desk.again()
        return f"Merged by {words.how(self._recipe)}"

    def do_density(self) -> str:
        if self._recipe.method not in USUAL:
            return f"{self._recipe.method} keeps all; ties and dare take a density (m)"
        after = next((d for d in DENSITIES if d > self._recipe.density), DENSITIES[0])
        self._recipe = replace(self._recipe, density=after)
        self.desk.again()
        return f"Density {after:g}"

    def do_base(self) -> str:
        bases = [of[0].version for of in self._genome.bases]
        if len(bases) < 2 or self.skill is None:
            return "There are skills over this base only."
        keys = [(one.task, one.base_sha256) for one in bases]
        now = self.skill.version
        after = bases[(keys.index((now.task, now.base_sha256)) + 1) % len(bases)]
        self._base, self._weights, self._layer = after.base_sha256, {}, 0
        self.desk.again()
        return f"Skills of {after.task} over {after.base_sha256[:8]}"

    def do_compose(self) -> str | None:
        weights = self._selection().weights
        if not weights:
            return "No skill is chosen: space takes one into the merge."
        if self._genome.refused:
            return self._genome.refused
        state = self._state
        assert state is not None
        root, recipe, typed = state.root, self._recipe, ("tttui", *self._words_of_command("genome"))
        text = (
            f"Register {words.title(self._selection())} as the next version of the skill `genome`?"
        )

        def do() -> str:
            from tttui.lab.genome.composing import compose, weighted

            parts = weighted(root, ",".join(f"{name}:{w:g}" for name, w in weights))
            made = compose(root, parts, recipe, "genome", command=typed)
            return f"{made.name} is registered; T tests it against its parents"

        self.desk.act(do, Question("Compose", text, self._command(), "compose it"))
        return None

    def do_form(self) -> None:
        weights, recipe = self._selection().weights, self._recipe
        typed = {"skills": ",".join(f"{name}:{w:g}" for name, w in weights), "name": "genome"}
        typed["method"] = recipe.method
        if recipe.method in USUAL:
            typed["density"] = f"{recipe.density:g}"
        self.desk.form(("genome", "compose"), typed)

    def do_test(self) -> str | None:
        skill, state = self.skill, self._state
        if skill is None or state is None:
            return None
        if not skill.method:
            return f"{skill.name} is no composition; `tttui model test {skill.name}` tests it"
        root, typed = state.root, ("tttui", "genome", "test", skill.name)
        text = f"Test {skill.name} against its parents and the base on the same held-out streams?"

        def do() -> str:
            from tttui.lab.genome.testing import start_test

            job = start_test(root, skill.version, command=typed)
            return f"Job {job.short} tests {skill.name}"

        command = command_line(*typed, *self._where())
        self.desk.act(do, Question("Test", text, command, "test it"))
        return None

    def do_activate(self) -> str | None:
        return self._change("activate")

    def do_evict(self) -> str | None:
        return self._change("evict")

    def _change(self, verb: str) -> str | None:
        state, name = self._state, self._at
        if state is None or not name:
            return None

        def do() -> str:
            from tttui.lab.genome.holders import change, host_for

            now = change(host_for(state.root, name, None), {verb: name}, wait_s=10.0)
            mine = next(one for one in now.skills if one.name == name)
            return f"{name} is {mine.state} in job {now.job.short}"

        self.desk.act(do)
        return None

    def idle(self, command: Command) -> bool:
        return command in self.keys and self._genome.known and not self._genome.skills

    def label(self, command: Command) -> str:
        chosen = self._at in self._weights
        match command.action:
            case "pane('choose')":
                return "take out" if chosen else "choose"
            case "pane('more')" | "pane('less')":
                return command.label if chosen else ""
            case "pane('compose')" | "pane('method')":
                return command.label if self._weights else ""
            case "pane('test')":
                skill = self.skill
                return "test" if skill is not None and skill.method else ""
        return command.label

    def back(self) -> bool:
        if not self._weights:
            return False
        self._weights.clear()
        self.desk.again()
        return True

    @on(GenomeGraph.Picked)
    def _on_picked(self, message: GenomeGraph.Picked) -> None:
        message.stop()
        if message.layer is not None:
            self._layer = message.layer
        if message.column is not None and message.column < len(self._genome.skills):
            self._at = self._genome.skills[message.column].name
        self.desk.again()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        texts = [("Command to compose", self._command())] if self._selection().weights else []
        skill = self.skill
        if skill is not None and skill.method:
            typed = ("tttui", "genome", "test", skill.name, *self._where())
            texts.append(("Command to test", command_line(*typed)))
        return [*texts, *([("Version", skill.name)] if skill is not None else ())]

    def exportable(self) -> Export | None:
        genome = self._genome
        if not genome.layers:
            return None
        names = [skill.name for skill in genome.skills]
        merge = ["merge"] if genome.composed else []
        rows = [
            [
                layer.name,
                layer.base_norm if layer.base_norm is not None else "",
                *(layer.norms.get(name, "") for name in names),
                *([genome.composed.get(layer.name, "")] if merge else []),
            ]
            for layer in genome.layers
        ]
        return Export("genome", ["layer", "base_norm", *names, *merge], rows)

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item=self._at or None)

    def recall(self, start: StartView) -> None:
        if start.item:
            self._at = start.item
        super().recall(start)
