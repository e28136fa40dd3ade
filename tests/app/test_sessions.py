"""The Sessions tab, driven by keys."""

import json
import shlex
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.app.stillness import laid_out
from tests.rundirs import make_run
from tttui.cli import fork, resume
from tttui.draw.glyphs import UNICODE
from tttui.draw.look import Look
from tttui.draw.sparks import paired, sparks
from tttui.export.request import ExportRequest
from tttui.model.session import Place, SessionSummary
from tttui.model.start import StartView
from tttui.model.status import BaseTraining, Status
from tttui.panes.sessions.pane import SessionsPane
from tttui.panes.sessions.rows import SessionRows
from tttui.screens.help import MEANING
from tttui.widgets.table import Table

ON_TAB = StartView(tab="sessions")


def family(root: Path) -> Path:
    """A session, its fork and the fork's fork; another; one that was killed."""
    root.mkdir()
    make_run(root / "demo", seed=0, mu=0.05, steps=200)
    make_run(root / "demo-fork", seed=1, mu=0.05, steps=300, parent="demo")
    make_run(root / "again", seed=1, mu=0.2, steps=200, parent="demo-fork")
    make_run(root / "other", seed=2, mu=0.2, steps=200, chunk=16)
    make_run(root / "killed", seed=3, mu=0.1, steps=100, status="crashed")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return family(tmp_path / "runs")


async def ready(driver: Driver, n: int = 5) -> None:
    await driver.until(lambda: len(driver.state.snapshot.summaries) == n, "the summaries")
    await driver.until(lambda: laid_out(driver), "the final layout")


def names(driver: Driver) -> list[str]:
    """The sessions in the order of the table."""
    pane = driver.pane
    assert isinstance(pane, SessionsPane)
    assert pane._rows is not None
    return [pane._rows.summaries[i].place.name for i in pane.query_one(Table).order]


def table_rows(driver: Driver) -> list[SessionSummary]:
    """The rows in the order of the tree."""
    pane = driver.pane
    assert isinstance(pane, SessionsPane)
    assert pane._rows is not None
    return pane._rows.summaries


async def go_to(driver: Driver, name: str) -> None:
    """Move the cursor of the table to a session."""
    table = driver.pane.query_one(Table)
    by = names(driver).index(name) - (table.place(table.selected) or 0)
    await driver.press(*["down" if by > 0 else "up"] * abs(by))


async def test_forks_stand_below_their_parents(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        order = names(driver)
        assert order.index("demo") < order.index("demo-fork") < order.index("again")
        assert "└ demo-fork" in driver.text()
        assert "  └ again" in driver.text()


async def test_a_killed_run_is_shown_as_crashed_with_how_long_ago(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        assert "✗ crashed 3 min ago" in driver.text()


async def test_sorting_takes_the_rows_out_of_the_tree(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await driver.press("less_than_sign")
        table = driver.pane.query_one(Table)
        assert table.sort.key == "frozen"
        assert "└ demo" not in driver.text()
        await driver.press("greater_than_sign")
        assert "└ demo-fork" in driver.text()


async def test_every_column_sorts_and_comes_into_sight(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        pane, table = driver.pane, driver.pane.query_one(Table)
        assert isinstance(pane, SessionsPane)
        sorted_by = []
        for _ in pane.columns():
            await driver.press("greater_than_sign")
            assert table.sort.key in [column.key for column, _ in table.columns()]
            sorted_by.append(table.sort.key)
        assert sorted_by == [column.key for column in pane.columns()]
        await driver.press("B", *"gain", "enter")
        assert (
            names(driver)[0] == max(table_rows(driver), key=lambda s: s.improvement or 0).place.name
        )
        await driver.press("S")
        assert (
            names(driver)[-1]
            == max(table_rows(driver), key=lambda s: s.improvement or 0).place.name
        )


async def test_the_newest_errors_stand_in_the_table_as_bars(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        rows = table_rows(driver)
        recent = next(s for s in rows if s.place.name == "demo-fork").recent
        line = next(line for line in driver.text().splitlines() if "└ demo-fork" in line)
        assert len(recent) == 10
        assert sparks(paired(recent), UNICODE) in line  # two in one, where not all have room


async def test_live_runs_tell_how_far_they_are_and_how_fast(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "done", steps=64)
    place = make_run(tmp_path / "live", steps=64, status="running")
    status = place.path / "status.json"
    told = {"t": 30, "steps_total": 120, "steps_per_second": 1234.4, "heartbeat_at": 4e9}
    status.write_text(json.dumps(json.loads(status.read_text()) | told))
    async with open_app(tmp_path / "done", tmp_path / "live", start=ON_TAB) as driver:
        await ready(driver, 2)
        assert "● running ━━──  53 %" in driver.text()
        assert "1 234" in driver.text()
        assert "1 running" in driver.text()
        await go_to(driver, "live")
        assert "64 of 120 steps, 1 234 steps/s" in driver.text()


async def test_the_keys_can_scroll_the_facts_of_a_session(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        await driver.press("w")
        await driver.until(lambda: len(driver.state.snapshot.files.entries) > 5, "the files")
        assert "Resume (y copies" in driver.text()
        await driver.press(*["down"] * 30)
        assert "plastic_state.pt" in driver.text()
        assert "Resume (y copies" not in driver.text()


async def test_what_is_exported_are_the_rows_of_the_table(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("mu>0.15")
        await driver.press("enter", "greater_than_sign", "S")
        assert driver.pane.exportable() == "sessions"
        request = driver.pane.export_of(ExportRequest("sessions", driver.data))
        assert [s.place.name for s in request.summaries] == ["other", "again"]


async def test_a_query_filters_by_number_and_by_word(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await driver.query("mu>0.15 -other")
        assert names(driver) == ["again"]
        await driver.press("escape")
        await driver.pilot.pause()
        assert len(names(driver)) == 5


@pytest.mark.parametrize("key", ["enter", "o"])
async def test_enter_and_o_open_the_session_under_the_cursor(
    root: Path, open_app: OpenApp, key: str
) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await go_to(driver, "other")
        await driver.press(key)
        await driver.until(
            lambda: (
                (data := driver.state.snapshot.data) is not None
                and data.place.name == "other"
                and not data.loading
            ),
            "the other session",
        )


def parsed(command: str) -> list[str]:
    """The words of a pasted command line, checked by the command's own parser."""
    program, *words = shlex.split(command)
    assert program == "tttui"
    name, *rest = words
    {"resume": resume, "fork": fork}[name].command.make_context(name, rest).close()
    return words


async def test_the_copied_commands_are_understood_by_the_command_line(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "my runs" / "it's one", steps=100)
    async with open_app(tmp_path / "my runs", start=ON_TAB) as driver:
        await ready(driver, 1)
        await driver.press("left", "y")
        assert parsed(driver.app.clipboard)[:2] == ["resume", str(place.path)]
        await driver.press("y")
        words = parsed(driver.app.clipboard)
        assert words[:2] == ["fork", str(place.path)]
        assert words[words.index("--at") + 1] == "98"
        assert words[words.index("--name") + 1] == "it's one-fork"


async def test_a_foreign_session_says_why_it_cannot_be_resumed(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "flat", layout="flat", steps=100)
    async with open_app(tmp_path, start=ON_TAB) as driver:
        await ready(driver, 1)
        assert "cannot be resumed: another program wrote it" in driver.text()
        await driver.press("y")
        assert driver.app.clipboard.startswith("tttui fork")


async def test_the_files_of_a_session_are_listed_with_their_sizes(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, start=ON_TAB, size=(200, 50)) as driver:
        await ready(driver)
        await go_to(driver, "other")
        await driver.until(lambda: "weights_history.npy" in driver.text(), "the files")
        assert "session/meta.json" in driver.text()


async def test_deleting_asks_and_then_moves_to_the_trash(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await go_to(driver, "other")
        await driver.press("D")
        assert (root / "other").is_dir()
        assert "Press D again" in driver.text()
        await driver.press("D")
        await driver.until(lambda: not (root / "other").exists(), "the move")
        assert (root / ".trash" / "other" / "per_step.csv").is_file()
        await ready(driver, 4)
        assert "other" not in names(driver)


async def test_another_key_takes_the_question_back(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB) as driver:
        await ready(driver)
        await go_to(driver, "other")
        await driver.press("D", "up", "down", "D")
        await driver.pilot.pause()
        assert (root / "other").is_dir()


async def test_a_foreign_session_is_not_deleted(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "flat", layout="flat", steps=100)
    async with open_app(tmp_path, start=ON_TAB) as driver:
        await ready(driver, 1)
        await driver.press("D", "D")
        await driver.until(lambda: "another program" in driver.state.snapshot.note, "the refusal")
        assert (tmp_path / "flat").is_dir()


async def test_sessions_that_appear_later_are_listed(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, poll=0.1) as driver:
        await ready(driver)
        make_run(root / "new", steps=50)
        await ready(driver, 6)
        assert "new" in names(driver)


async def test_a_session_with_several_runs_opens_the_next_one(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "s" / "sessions" / "x", layout="store", steps=60, runs=2)
    async with open_app(tmp_path, start=ON_TAB) as driver:
        await ready(driver, 1)
        assert "2 runs" in driver.text()
        assert driver.data.run == place.runs[1]
        await driver.press("enter")
        await driver.until(
            lambda: (data := driver.state.snapshot.data) is not None and data.run == place.runs[0],
            "the other run",
        )


async def test_tiny_screens_do_not_break(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=ON_TAB, size=(80, 24)) as driver:
        for size in ((40, 12), (40, 8), (20, 6)):
            await driver.pilot.resize_terminal(*size)
            await ready(driver)
            for _ in range(6):
                await driver.press("space", "w")
            assert driver.text()


async def test_a_narrow_footer_has_the_keys_of_the_tab_before_those_of_all(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root / "long", root, start=ON_TAB, size=(80, 24)) as driver:
        await ready(driver)
        footer = driver.text().splitlines()[-1]
        keys = "space mark enter open t transfer / query > sort w detail ? help q quit"
        assert " ".join(footer.split()) == keys


@pytest.mark.parametrize("tab", ["transactions", "architecture", "sessions"])
async def test_help_says_what_the_tab_shows_and_begins_with_its_own_keys(
    root: Path, open_app: OpenApp, tab: str
) -> None:
    async with open_app(root, start=StartView(tab=tab), size=(120, 50)) as driver:
        await driver.press("question_mark")
        said = " ".join(driver.text().replace("│", " ").split())
        assert MEANING[tab][:60] in said
        assert f" {tab.capitalize()}" in said


def test_a_session_that_waits_for_the_training_of_another_one_says_so_in_its_row() -> None:
    for waits_for, text in ((None, "◐ pretraining"), ("a", "○ waits for a")):
        base = BaseTraining(30, 100, waits_for=waits_for)
        status = Status("queued", "pretraining", pretraining=base)
        summary = SessionSummary(Place(Path("b"), "native"), status=status)
        shown, *_ = SessionRows([summary], None, 0.0, Look()).cell(0, "state")
        assert (shown if isinstance(shown, str) else shown[0]).startswith(text)
