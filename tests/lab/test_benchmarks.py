"""A/B tests and benchmarks as a person meets them: started, killed, shown, compared over time."""

import json
import socket
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.lab.conftest import small
from tests.lab.endpointserver import Request, begin_stream, chunk, send, serving
from tests.lab.killing import walker
from tttui.artifacts.eventlog import EventLog
from tttui.lab.evaluation import history
from tttui.lab.evaluation.contest import Contest, ContestEntry
from tttui.lab.jobs import list_jobs
from tttui.lab.kinds import kind_of
from tttui.lab.kinds.abtest import settings_of
from tttui.lab.registry import BaseRef, deploy, register, results_of
from tttui.model.errors import RefusedInput
from tttui.tasks.pointmass.runs.base import find_base, train_base

SHORT = ("--seeds", "8", "--steps", "96", "--wait", "--quiet")


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def test_a_benchmark_ranks_contenders_keeps_its_results_and_is_the_same_again(
    shell: Shell, root: Path
) -> None:
    file = root.parent / "chunks.toml"
    file.write_text(
        'noise_std = 0.01\n["chunk 32"]\nchunk = 32\n[plain]\npreset = "plain"\n'
        '["the same"]\nchunk = 32\n'
    )
    assert shell("bench", "run", "--settings", str(file), *SHORT) == 0
    first = shell.out
    assert "no difference between chunk 32 and the same; plain behind, on 8 held-out" in first
    assert "confidence intervals, which all hold together with 95 %" in first
    assert "no difference between chunk 32 and the same, better on 0 of 8" in first
    assert shell("bench", "run", "--settings", str(file), *SHORT, "--json") == 0
    document = json.loads(shell.out)
    assert [one["rank"] for one in document["contenders"]] == [1, 1, 3]
    assert {len(one["values"]) for one in document["contenders"]} == {8}
    assert document["comparisons"] == 3
    steps = history.steps(history.read(root))
    assert [step.compared is not None for step in steps] == [False] * 3 + [True] * 3
    assert {step.text.partition(",")[0] for step in steps[3:]} == {"as before"}
    assert shell("bench", "history", "--last", "1d") == 0
    assert shell.out.count("as before") == 3
    (job, _) = list_jobs(root)
    assert shell("bench", "show", job.short) == 0
    assert shell.out.splitlines()[-2] == document["verdict"]
    names = [event.name for event in EventLog(root / ".lab").read()]
    assert names.count("data:benchmarks:ranked") == 2


def test_a_version_is_tested_against_another_and_deploying_reads_the_verdict(
    shell: Shell, root: Path
) -> None:
    first, second = walker(root, 1.0), walker(root, 1.05)
    words = ("walker@v2", "--baseline", "walker")
    assert "name a version and another one" in shell.refused("model", "test", *words)
    against = ("walker", "--baseline", "walker@v1", "--streams", "8", "--steps", "96")
    assert shell("model", "test", *against, "--wait", "--quiet") == 0
    said = shell.out
    assert said.startswith("walker@v2 is ")
    assert " worse than walker@v1 (95 % interval " in said
    (kept,) = results_of(root, second)
    assert (kept["key"], kept["result"]["verdict"]) == ("test", "worse")
    assert kept["result"]["sentence"] == said.strip()
    deploy(root, first, "helper", command=("tttui",))
    with pytest.raises(RefusedInput, match=r"is worse than walker@v1"):
        deploy(root, second, "helper", command=("tttui",))
    names = [event.name for event in EventLog(root / ".lab").read()]
    assert "data:test_executions:verdict" in names


def test_a_version_of_a_base_is_tested_against_the_usual_base(root: Path) -> None:
    base = find_base(root, small(steps=3)) or train_base(root, small(steps=3))
    register(
        root,
        "ground",
        base.weights,
        task="pointmass",
        task_settings=dict(base.cfg),
        settings={},
        base=BaseRef(base.sha256, content=base.content),
        origin={"kind": "job", "id": "night"},
        command=("tttui",),
        type="base",
    )
    contest, settings = settings_of(
        "pointmass", "ground@v1", "base", shared={"steps": 64, "device": "cuda:0"},
        streams=6, seed=0, data="", by="whole", words=["tttui"],
    )  # fmt: skip
    ground, usual = contest.contenders(root)
    assert ground.base_sha256 == base.sha256
    assert usual.base_sha256 == ""
    assert usual.values == {"steps": 64, "device": "cuda:0"}
    assert kind_of("abtest").needs(settings).gpus == 1


def test_a_regression_is_flagged_where_it_is_beyond_chance_and_speed_on_a_quiet_machine(
    root: Path,
) -> None:
    folder = root / ".lab"
    folder.mkdir(parents=True)
    usual = [1.0 + 0.1 * k for k in range(12)]
    luck = [v * (1.02 if k % 2 else 0.98) for k, v in enumerate(usual)]

    def line(time: float, values: list[float], pace: float, **more: object) -> str:
        return json.dumps(
            {
                "time": time,
                "job": str(time),
                "kind": "benchmark",
                "unit": "",
                "task": "pointmass",
                "contender": "stable",
                "setup": "s",
                "streams_key": "k",
                "by": "whole",
                "values": values,
                "rank": 1,
                "machine": "m",
                "steps_per_s": pace,
                "busy": False,
                **more,
            }
        )

    lines = [
        line(1, usual, 100),
        line(2, luck, 80),
        line(3, [1.2 * v for v in usual], 100),
        "not a line",
        line(4, usual, 60),
        line(5, usual, 10, machine="other"),
        line(6, usual, 10, streams_key="other"),
        line(7, usual, 1, machine="other", busy=True),
    ]
    (folder / history.HISTORY).write_text("\n".join(lines) + "\n" + '{"half a')
    result = history.steps(history.read(root))
    assert [step.flags for step in result] == [(), (), ("worse",), ("better", "slower"), (), (), ()]
    assert [step.text for step in result[:3]] == ["", "as before", "20 % worse"]


def test_bad_input_is_one_line_with_the_remedy(shell: Shell, root: Path) -> None:
    walker(root, 1.0)
    bench = ("bench", "run")

    def written(text: str) -> tuple[str, ...]:
        file = root.parent / f"bad-{len(text)}.toml"
        file.write_text(text)
        return (*bench, "--settings", str(file))

    for words, said in [
        (bench, "name the contenders, by --skills"),
        ((*bench, "--presets", "stable,plain", "--skills", "a"), "name one, by"),
        ((*bench, "--presets", "stabel,plain"), "no preset 'stabel'; did you mean 'stable'?"),
        ((*bench, "--presets", "stable,stable"), "stable: is named twice"),
        ((*bench, "--presets", "stable,plain", "--task", "text"), "are of the point mass"),
        ((*bench, "--presets", "stable,,plain"), "has an empty name"),
        ((*bench, "--presets", "stable"), "1 contenders: name 2 to 12"),
        ((*bench, "--presets", "stable,plain", "--seeds", "0"), "take 6 or more"),
        ((*bench, "--presets", "stable,plain", "--seeds", "5000"), "not between 1 and 1000"),
        ((*bench, "--presets", "stable,plain", "--set", "chunck=8"), "did you mean 'chunk'?"),
        ((*bench, "--presets", "stable,plain", "--data", "."), "reads no documents"),
        ((*bench, "--presets", "stable,plain", "--set", "n_state=7"), "no base was trained"),
        ((*bench, "--skills", "runner,base"), "runner"),
        ((*bench, "--skills", "base"), "name at least one version"),
        (
            (*bench, "--skills", "walker,base", "--task", "text"),
            "walker@v1 is of the task pointmass",
        ),
        (written("[a\nlr = 2"), "bad-9.toml: is not valid TOML"),
        (written("[a]\nlr = 0.1"), "has 1 tables"),
        (written("[a]\nlr = 0.1\n[b]\nlearning = 2"), "[b]: unknown setting 'learning'"),
        (written("[a]\nlr = -0.1\n[b]\nlr = 2"), "[a]: lr: -0.1 is not above 0"),
        (written("seed = 3\n[a]\nlr = 0.1\n[b]\nlr = 2"), "seed: belongs to the streams"),
        ((*bench, "--settings", "/no/such.toml"), "/no/such.toml: cannot be read"),
        (("bench", "history", "--last", "soon"), "--last 'soon' is no age"),
        (("bench", "show", "3f2a"), "3f2a"),
    ]:
        assert said in shell.refused(*words), words
    assert list_jobs(root) == []
    assert shell("bench", "history") == 0
    assert "no results below" in shell.err


def test_streams_that_do_not_depend_on_the_seed_prove_nothing(root: Path) -> None:
    from tttui.lab.evaluation.ranking import ranking

    contest = Contest("pointmass", (ContestEntry("a"), ContestEntry("b")), {}, 8)
    row = {
        "whole": 1.0,
        "last": 1.0,
        "frozen_whole": 1.0,
        "frozen_last": 1.0,
        "seconds": 1.0,
        "steps": 8,
        "commits": 1,
        "rollbacks": 0,
        "latency_ms": [],
    }
    with pytest.raises(RefusedInput, match="do not depend on the seed"):
        ranking(contest, contest.streams_of(root), [[row] * 8] * 2, [[], []])


def test_no_interval_is_told_before_all_parts_are_there(shell: Shell) -> None:
    words = ("bench", "run", "--presets", "stable,plain", "--seeds", "900", "--steps", "20000")
    assert shell(*words) == 0
    handle = shell.out.strip()
    for state in ("", "cancelled"):
        assert shell("bench", "show", handle) == 0
        assert shell.out == ""
        assert f"{state}: " in shell.err
        assert "no interval before all are" in shell.err
        assert shell("job", "cancel", handle) == 0


def test_endpoints_are_asked_the_same_prompts_and_their_answers_stand_side_by_side(
    shell: Shell, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root.parent / "config"))

    def answer(request: Request, connection: socket.socket) -> None:
        if "/broken" in request.path:
            send(connection, "401 Unauthorized", {"error": {"message": "no"}})
            return
        begin_stream(connection)
        said = request.json["messages"][-1]["content"]
        for piece in (chunk("You said:\n"), chunk(said, "stop"), b"data: [DONE]\n\n"):
            connection.sendall(piece)

    asked = root.parent / "asked.txt"
    asked.write_text("Name a magnet.\n\nWhat is\nfriction?\n")
    with serving(answer) as server:
        folder = root.parent / "config" / "tttui"
        folder.mkdir(parents=True)
        (folder / "providers.toml").write_text(
            "".join(
                f'[{name}]\nkind = "openai"\nbase_url = "{server.url}/{name}"\nmodel = "m"\n'
                for name in ("echo", "broken")
            )
        )
        run = ("bench", "run", "--providers", "echo,broken", "--prompts", str(asked))
        assert shell(*run, "--seeds", "6", "--wait", "--quiet") == 0
        assert "echo: You said: What is friction?" in shell.out
        assert shell.out.count("broken: error: ") == 6
        assert shell.out.splitlines()[-1].startswith("echo is better than broken on 6 prompts")
        assert "2 prompts: no difference" in shell.refused(*run)
        engines = ("bench", "run", "--providers", "echo,numpy")
        assert "is an engine and takes no prompts" in shell.refused(*engines)
        assert "--steps: is not for endpoints" in shell.refused(
            *run, "--seeds", "6", "--steps", "9"
        )
    (results,) = [one for one in history.read(root) if one.provider == "broken"]
    assert results.raw["errors"] == 6
    assert shell("bench", "history", "--provider", "echo", "--json") == 0
    assert [one["contender"] for one in json.loads(shell.out)] == ["echo"]
