"""A command's form is made from its definition: fields, checks, command line."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from tests.lab.conftest import small
from tttui.cli.main import COMMANDS, all_commands, definition
from tttui.cli.options import SectionedCommand
from tttui.lab.commandplan import CommandPlan
from tttui.lab.jobs import find_job
from tttui.lab.registry import BaseRef, register
from tttui.lab.steering import wait_for
from tttui.model.errors import RefusedInput, TttuiError
from tttui.tasks.pointmass.runs.base import find_base


@click.command("make", cls=SectionedCommand)
@click.argument("source")
@click.option("--count", type=click.IntRange(1, 9), default=3, help="how many  [default 3]")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True))
@click.option("--colour", type=click.Choice(("red", "green")), default="red")
@click.option("--set", "assigned", multiple=True, metavar="NAME=VALUE", help="settings")
@click.option("--deep/--flat", default=None, help="how far")
@click.option("--force", is_flag=True)
@click.option("--pair", nargs=2, type=int)
@click.option("--password", hide_input=True)
@click.option("--root", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--json", "as_json", is_flag=True)
def make(**values: Any) -> None:
    """Make something of a source."""


@make.checks
def _check(values: Mapping[str, Any]) -> Mapping[str, str]:
    if values["force"] and values["count"] > 5:
        return {"count": "no more than 5 by force"}
    if values["assigned"] == ("odd",):
        raise RefusedInput("odd is nothing")
    return {}


LOOK = """
import json, sys
from pathlib import Path
from tttui.cli.main import all_commands, definition
from tttui.lab.commandplan import CommandPlan
found = []
for words, typed in json.load(sys.stdin):
    words = tuple(words.split())
    found.append(CommandPlan(words, definition(words), Path(sys.argv[1]), typed).problems())
print(json.dumps([*found, "torch" in sys.modules]))
"""
"""Prints what the forms of some commands find wrong, and whether that loaded torch."""


def skill_over(root: Path, skill: str, base: str) -> None:
    """A version of a skill over a base of this hash."""
    register(
        root,
        skill,
        {"B": np.ones((2, 2), dtype=np.float32)},
        task="pointmass",
        task_settings={},
        settings={},
        base=BaseRef(base, ""),
        origin={"kind": "job", "id": "x", "parents": []},
        command=("tttui", "train", "start"),
    )


def plan(**typed: str) -> CommandPlan:
    return CommandPlan(("make",), make, Path("/r"), typed)


def test_fields_follow_from_the_definition() -> None:
    made = plan()
    assert made.names == ("source", "count", "rate", "colour", "set", "deep", "force", "pair")
    assert made.defaults() == {
        "source": "",
        "count": "3",
        "rate": "",
        "colour": "red",
        "set": "",
        "deep": "",
        "force": "off",
        "pair": "",
    }
    assert made.choices("colour") == ("red", "green")
    assert made.choices("deep") == ("on", "off")
    assert made.help("count") == "how many; 1 to 9"
    assert made.help("rate") == "above 0"
    assert made.about == "Make something of a source."


def test_what_is_typed_is_checked_as_the_command_would() -> None:
    assert plan().problems() == {"source": "is needed"}
    wrong = plan(source="a", count="12", rate="x", colour="blue", force="maybe", set="'a")
    assert wrong.problems() == {
        "count": "12 is not in the range 1<=x<=9",
        "rate": "'x' is not a valid float range",
        "colour": "'blue' is not one of 'red', 'green'",
        "force": "'maybe' is neither on nor off",
        "set": "No closing quotation",
    }
    assert wrong.command_line() == "tttui make", "while a quotation mark is open"
    assert plan(source="a", count="8", force="on").problems() == {
        "count": "no more than 5 by force"
    }
    assert plan(source="a", set="odd").problems() == {"source": "odd is nothing"}
    assert list(plan(source="a", pair="1").problems()) == ["pair"]


def test_the_command_line_is_what_a_person_would_type() -> None:
    made = plan(
        source="-a b", count="2", set="x=1 'y=a b'", deep="off", force="on", pair="1 2", rate=" "
    )
    assert made.problems() == {}
    assert made.command_line() == (
        "tttui make --count 2 --set x=1 --set 'y=a b' --flat --force --pair 1 2 --root /r -- '-a b'"
    )
    with make.make_context("make", made.arguments()) as ctx:
        assert ctx.params["assigned"] == ("x=1", "y=a b")
        assert (ctx.params["deep"], ctx.params["force"], ctx.params["pair"]) == (
            False,
            True,
            (1, 2),
        )
        assert ctx.params["source"] == "-a b"


def commands(*words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    result = definition(words)
    if isinstance(result, click.Group):
        for name in result.list_commands(click.Context(result)):
            yield from commands(*words, name)
    else:
        yield words, result


FORMS: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = [
    ("bench run", {}, {"skills": "name the contenders, by"}),
    ("bench run", {"presets": "slow", "skills": "a"}, {"skills": "--skills and --presets: name"}),
    ("bench run", {"skills": "gone@v1,base"}, {"skills": "there is no skill 'gone'"}),
    ("bench run", {"presets": "quik"}, {"presets": "there is no preset 'quik'"}),
    ("bench run", {"skills": "one,far,", "partition": "p"}, {"skills": "--skills 'one,far,': has"}),
    ("model test", {"version": "gone"}, {"version": "there is no skill 'gone'"}),
    ("model test", {"version": "one", "baseline": "one@v1"}, {"baseline": "one@v1 against one@v1"}),
    ("model test", {"version": "one"}, {}),
    ("sweep start", {"set": "lr=0.01"}, {"set": "nothing is varied"}),
    ("sweep start", {"set": "lr=0.01,0.1", "task": "pointmas"}, {"task": ""}),
    ("sweep start", {"set": "lr=0.01,0.1", "partition": "p"}, {"launcher": "--partition, "}),
    ("train start", {"skill": "a", "from": "gone"}, {"from": "there is no skill 'gone'"}),
    ("train start", {"skill": "a", "provider": "abacus"}, {"provider": "'abacus' is no provider"}),
    ("genome compose", {"skills": "one,far", "name": "g"}, {"skills": "one@v1 stands on the base"}),
    ("genome compose", {"skills": "one,gone", "name": "/"}, {"skills": "there is", "name": "'/'"}),
    ("provider test", {}, {"names": "name providers, or add --all"}),
    ("provider test", {"names": "abacus"}, {"names": "'abacus' is no provider"}),
    ("provider test", {"all": "on", "capability": "fly"}, {"capability": "--capability fly: "}),
]


def test_forms_say_what_a_command_would_refuse_and_load_no_torch_for_it(tmp_path: Path) -> None:
    """In a process of its own, since this one may have torch already."""
    for skill, base in (("one", "a" * 64), ("far", "b" * 64)):
        skill_over(tmp_path, skill, base)
    asked = json.dumps([(words, typed) for words, typed, _ in FORMS])
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path)],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    *result, torch = json.loads(done.stdout)
    for (words, typed, wanted), problems in zip(FORMS, result, strict=True):
        said = {name: text for name, text in problems.items() if name in wanted}
        assert problems.keys() >= wanted.keys(), (words, typed, problems)
        assert all(text.startswith(wanted[name]) for name, text in said.items()), problems
        assert wanted or not problems, problems
    assert torch is False


def test_every_command_has_a_form() -> None:
    for words, command in (result for name in COMMANDS for result in commands(name)):
        made = CommandPlan(words, command, Path("runs"))
        if any(param.required for param in command.params):
            assert made.problems(), words
        assert made.defaults().keys() == set(made.names), words
        for name in made.names:
            assert "[default" not in made.help(name), words
    first = [words for words, _ in all_commands()][:5]
    assert {("run",), ("pretrain",), ("train", "start")} <= set(first), "those that start something"
    with pytest.raises(RefusedInput, match="no command 'model fly'"):
        definition(("model", "fly"))


def test_a_command_is_carried_out_by_a_process_and_the_handle_of_its_job_is_known(
    root: Path,
) -> None:
    typed = {"pretrain_steps": "3", "pretrain_seq": "8", "pretrain_batch": "2"}
    made = CommandPlan(("pretrain",), definition(("pretrain",)), root, typed)
    assert made.problems() == {}
    assert made.with_typed("dt", "-1").problems() == {"dt": "-1.0 is not above 0"}
    together = made.with_typed("partition", "gpu").problems()
    assert together == {"partition": "--partition, --time-limit and --slurm need --launcher slurm"}
    outcome = made.carry_out(lambda line: None)  # noqa: ARG005
    assert outcome.job is not None
    assert outcome.message.startswith(f"pretrain: job {outcome.job[:8]} is ")
    wait_for(find_job(root, outcome.job), lambda job: None)  # noqa: ARG005
    assert find_base(root, small()) is not None
    again = made.carry_out(lambda line: None)  # noqa: ARG005
    assert (again.job, again.output) == (None, ())
    assert "fits these settings already; --force trains another" in again.message
    wrong = CommandPlan(("job", "show"), definition(("job", "show")), root, {"job": "x"})
    with pytest.raises(TttuiError, match="there is no job 'x'"):
        wrong.carry_out(lambda line: None)  # noqa: ARG005
