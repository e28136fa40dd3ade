"""Starting sessions from the app, and leaving while they run."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from tests.app.conftest import Driver, OpenApp
from tests.live import alive, end, in_background, state, status, wait_until
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tests.toolkit import notes
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.layout import SHIPPED_BASES
from tttui.cli.main import main
from tttui.model.session import LossCurve
from tttui.screens.launch import LaunchForm
from tttui.tasks.text.document import why_not_read


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run root; whatever runs below it is ended afterwards."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = tmp_path / "runs"
    path.mkdir()
    yield path
    for place in find_sessions([path]):
        end(place.path)


@pytest.fixture
def done(root: Path) -> Path:
    """A completed session of 40 steps."""
    return run_through(root / "done", settings(steps=40))


async def fill(driver: Driver, key: str, **values: str) -> None:
    """Open a form by its key and type values into its fields."""
    await driver.press(key)
    await driver.until(lambda: isinstance(driver.app.screen, LaunchForm), "the form")
    await fill_in(driver, **values)


async def fill_in(driver: Driver, **values: str) -> None:
    """Type into the open form."""
    for name, value in values.items():
        form(driver).fields.go_to(name)
        form(driver).fields.field.value = value
    await driver.until(lambda: all(form(driver).plan.typed.get(k) == v for k, v in values.items()))


def form(driver: Driver) -> LaunchForm:
    screen = driver.app.screen
    assert isinstance(screen, LaunchForm), driver.text()
    return screen


def shown(driver: Driver) -> tuple[str, int]:
    """Name and steps of the open session; between two sessions there is none for a moment."""
    data = driver.state.snapshot.data
    return ("", 0) if data is None else (data.place.name, len(data.steps))


def loss_curve(driver: Driver) -> LossCurve | None:
    data = driver.state.snapshot.data
    return None if data is None else data.loss


SHORT = {"steps": "200", "seed": "5", "noise_std": "0.01", "checkpoint_s": "1000000"}


async def test_a_session_that_the_form_starts_is_opened_and_like_any_other(
    root: Path, tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", base=str(SHIPPED_BASES / "spread.pt"), **SHORT)
        await driver.press("enter")
        await driver.until(lambda: state(root / "one") == "completed", "the run")
        await driver.until(lambda: shown(driver) == ("one", 200), "its steps on the screen")
    assert same(run_through(tmp_path / "whole", settings()), root / "one") == []


async def test_the_form_names_what_is_wrong_and_starts_nothing(
    done: Path, open_app: OpenApp
) -> None:
    async with open_app(done.parent) as driver:
        await fill(driver, "n", name="done", mu="3", lr="-1", base="nowhere.pt", env_mode="round")
        shown = driver.text()
        for words in (
            "done exists already",
            "3.0 is above the largest allowed value 1",
            "-1.0 is not above 0",
            "there is no such file",
            "'round' is not one of linear, nonlinear",
        ):
            assert words in shown
        await driver.press("enter")
        assert form(driver).fields.name_now == "name"
    assert [place.name for place in find_sessions([done.parent])] == ["done"]


async def test_a_base_that_does_not_fit_and_a_gpu_that_is_not_there_are_named(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.engine.device.gpu_count", lambda: None)
    (root / "wrong.pt").write_text("no base")
    async with open_app(root) as driver:
        await fill(driver, "n", base=str(root / "wrong.pt"))
        await driver.until(lambda: "not a torch checkpoint" in driver.text(), "the reason")
        await fill_in(driver, base="", device="cuda:1")
        await driver.until(lambda: "this machine has no GPU; choose cpu" in driver.text())


async def test_keys_move_between_fields_and_choose_words(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(80, 24)) as driver:
        await driver.press("n", *"one", "down", "space", "tab", "space", "down", "0", "full_stop")
        await driver.press("3", "up", "space")
        plan = form(driver).plan
        assert {k: plan.text(k) for k in plan.typed} == {
            "name": "one",
            "preset": "plain",
            "env_mode": "linear",
            "mu": "0.3",
        }
        await driver.press("ctrl+end")
        assert form(driver).fields.name_now == form(driver).plan.names[-1]
        await driver.press("down")
        assert form(driver).fields.name_now == "task"


async def test_the_form_says_that_a_base_has_to_be_pretrained(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", pretrain_steps="2001")
        await driver.until(lambda: "no base fits: pretraining 2001 steps first" in driver.text())
        await fill_in(driver, pretrain_steps="")
        await driver.until(lambda: "no base fits" not in driver.text(), "the shipped base")


async def test_the_command_that_is_copied_does_what_the_form_does(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", whiten="off", **SHORT)
        await driver.press("ctrl+y")
        words = shlex.split(driver.app.clipboard)
    assert words[0] == "tttui"
    assert words[-1] == "--detach"
    assert main(words[1:-1]) == 0
    assert state(root / "one") == "completed"


async def test_a_fork_starts_at_the_cursor(done: Path, open_app: OpenApp) -> None:
    async with open_app(done) as driver:
        await driver.press("home", *["right"] * 33)
        await fill(driver, "F", name="child", steps="40")
        assert form(driver).plan.text("at") == "33"
        await driver.press("enter")
        await driver.until(lambda: shown(driver)[0] == "child", "the fork")
        assert driver.data.meta.forked_at_t == 33
        await driver.until(lambda: state(done.parent / "child") == "completed")


async def test_a_completed_session_that_is_resumed_is_followed(
    done: Path, open_app: OpenApp
) -> None:
    async with open_app(done) as driver:
        await driver.press("home")
        await fill(driver, "R", steps="24")
        await driver.press("enter")
        await driver.until(lambda: shown(driver) == ("done", 64), "24 more steps")
        await driver.until(lambda: driver.state.timeline.follow, "following")
        await driver.until(lambda: driver.state.timeline.cursor == 63, "the cursor at the end")


async def test_why_a_session_could_not_be_started_is_noted_and_its_form_comes_again(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", steps="77")
        (root / "one").mkdir()  # somebody else is quicker
        await driver.press("enter")
        await driver.until(lambda: "Not started" in driver.text(), "the reason")
        assert ["exists already" in note for note in notes(driver.app)] == [True]
        await fill(driver, "n")
        assert form(driver).plan.typed["steps"] == "77"


async def test_a_base_that_is_pretrained_first_is_seen_and_paused_like_a_run(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", pretrain_steps="400", pretrain_seed="7", steps="8")
        await driver.press("enter")
        await driver.until(lambda: shown(driver)[0] == "one", "the session, before its base")
        await driver.until(lambda: "Its base is being pretrained" in driver.text(), "progress")
        await driver.until(lambda: loss_curve(driver) is not None, "the loss")
        await driver.press("p")
        await driver.until(lambda: "of its base is paused at" in driver.text(), "the pause")
        assert "one-step MSE of its base" in driver.text()
        await driver.press("p")
        await driver.until(lambda: shown(driver) == ("one", 8), "the run")


@pytest.mark.parametrize(("key", "then"), [("enter", "paused"), ("s", "interrupted")])
async def test_leaving_asks_what_is_to_become_of_a_run_that_was_started_here(
    root: Path, open_app: OpenApp, key: str, then: str
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", paused="on", **SHORT)
        await driver.press("enter")
        await driver.until(lambda: driver.main.run.started and driver.main.run.steerable, "the run")
        await driver.press("q")
        assert "keep running" in driver.text()
        await driver.press("escape")
        assert driver.app.is_running
        await driver.press("q", key)
        await driver.until(lambda: not driver.app.is_running, "the app to end")
    assert state(root / "one") == then
    pid = status(root / "one")["pid"]
    if then == "paused":
        assert alive(pid)
    else:
        wait_until(lambda: not alive(pid))


async def test_leaving_stops_every_run_that_was_started_here(root: Path, open_app: OpenApp) -> None:
    with in_background(root / "one"), in_background(root / "two"):
        create(root / "shown").close("interrupted")
        async with open_app(root / "shown") as driver:
            driver.main.run.started |= {root / "one", root / "two"}
            await driver.press("q")
            assert "one, two, which were started here, still run." in driver.text()
            await driver.press("s")
            await driver.until(lambda: not driver.app.is_running, "the app to end")
        assert [state(root / name) for name in ("one", "two")] == ["interrupted"] * 2


async def test_leaving_stops_a_session_that_is_only_being_started(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", paused="on", **SHORT)
        await driver.press("enter")
        await driver.press("q")
        assert "a session that begins just now" in driver.text()
        await driver.press("s")
        await driver.until(lambda: not driver.app.is_running, "the app to end")
    assert state(root / "one") == "interrupted"


async def test_keys_that_edit_act_in_the_order_in_which_they_were_typed(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="wrong")
        for key in ("ctrl+u", "a", "b", "backspace", "c", "home", "d"):
            character = key if len(key) == 1 else None
            driver.app.post_message(events.Key(key, character))  # nobody waits in between
        await driver.until(lambda: form(driver).plan.typed["name"] == "dac", "the name")
        for key in (*["down"] * 4, "-", "enter"):
            driver.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await driver.until(lambda: form(driver).plan.typed.get("steps") == "-", "the steps")
        await driver.press("x")  # whatever the key before it started would be seen by now
        assert form(driver).plan.typed["steps"] == "-x"


async def test_leaving_does_not_ask_about_runs_of_others(root: Path, open_app: OpenApp) -> None:
    run = create(root / "a")  # live, and held by this process
    async with open_app(root) as driver:
        await driver.until(lambda: driver.main.run.steerable, "the run")
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running, "the app to end")
    run.close("interrupted")


async def test_the_run_outlives_an_app_that_is_gone(
    root: Path, tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await fill(driver, "n", name="one", speed_limit="400", **SHORT)
        await driver.press("enter")
        await driver.until(lambda: state(root / "one") == "running", "the run")
    wait_until(lambda: state(root / "one") == "completed")
    assert same(run_through(tmp_path / "whole", settings()), root / "one") == []


async def test_a_text_is_read_from_the_form_on_and_shown(root: Path, open_app: OpenApp) -> None:
    story, empty = root.parent / "story.txt", root.parent / "empty.txt"
    story.write_bytes(b"the cat sat on the mat, and the dog sat on the cat.\n" * 8)
    empty.touch()
    async with open_app(root) as driver:
        await driver.press("n")
        await driver.until(lambda: isinstance(driver.app.screen, LaunchForm), "the form")
        await driver.press("up", "space")
        assert form(driver).plan.runner.task.name == "text"
        assert "type the path of a document" in driver.text()
        assert "friction" not in driver.text()
        for typed, said in (
            ("nowhere.txt", "there is no such file"),
            (str(root), "is a directory, not a file"),
            (str(empty), "is empty; there is nothing to read"),
        ):
            await fill_in(driver, file=typed)
            assert said in driver.text()
        await fill_in(driver, file=str(story), name="story", chunk="300")
        assert "chunk" in form(driver)._wrong
        await fill_in(driver, chunk="32", checkpoint_s="1000000")
        assert "13 steps" in driver.text()
        await driver.press("enter")
        await driver.until((root / "story").exists, "the session")
        await driver.until(lambda: state(root / "story") == "completed", "the run")
        await driver.until(lambda: shown(driver) == ("story", 13), "its steps on the screen")
        await driver.press("4")
        await driver.until(lambda: "the cat sat on the mat" in driver.text(), "its text")


def test_what_text_cannot_be_read_by_a_language_model(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(b"\x89PNG\x00\x01")
    assert "is binary" in why_not_read(str(path), text=True)
    assert why_not_read(str(path)) == ""
