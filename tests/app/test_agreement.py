"""The same figures wherever they stand: header, cards, identity, scrubber, table, `ls`, `show`."""

import json
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.drawnrun import content
from tests.rundirs import make_run, session_path, steps_path
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.cli import ls, show
from tttui.model.compare import compare
from tttui.model.session import Place


def beyond_its_checkpoint(path: Path, status: str) -> Place:
    """A run of 200 steps whose metrics.json is about the first 100."""
    place = make_run(path, steps=100, status=status, planned=1000)
    with steps_path(place).open("a") as file:
        file.writelines(f"{t},4,1,{int(t == 128)},{int(t == 128)}\n" for t in range(100, 200))
    with (path / "update_events.jsonl").open("a") as file:
        file.write('{"t": 128, "status": "commit"}\n')
    return place


@pytest.mark.parametrize("status", ["running", "paused", "crashed"])
async def test_counts_agree_while_a_run_goes_on(
    tmp_path: Path, open_app: OpenApp, status: str
) -> None:
    place = beyond_its_checkpoint(tmp_path / "a", status)
    committed = len(content(100).commits) + 1
    listed = ls.as_document(read_summary(place))
    shown = show.as_document(SessionReader(place).refresh())
    for document in (listed, shown):
        assert document["steps"] == 200
        assert document["updates_attempted"] == 4
        assert document["updates_committed"] == committed
        assert document["improvement_percent"] == 75.0
    async with open_app(place.path, size=(200, 50)) as driver:
        header, *_, scrubber, _ = driver.text().splitlines()
        assert ("200 steps" if status == "crashed" else "200 of 1 000 steps") in header
        assert scrubber.endswith("t 199 / 199")
        assert f"{committed} / 4" in driver.text()
        assert "75 % better" in driver.text()
        await driver.press("6")
        await driver.until(lambda: driver.state.snapshot.summaries, "the summaries")
        row = next(line for line in driver.text().splitlines() if line.startswith("▶ a"))
        assert {"200", f"{committed}/4"} <= set(row.split())
        assert "75 % better" in row


def switched(path: Path, how: str) -> Place:
    """A run of 600 steps whose friction changed from 0.05 to 0.3 at step 300."""
    place = make_run(path, seed=3, mu=0.05)
    if how == "planned":
        meta = session_path(place) / "meta.json"
        meta.write_text(json.dumps({**json.loads(meta.read_text()), "mu_schedule": [[300, 0.3]]}))
    else:
        (path / "interventions.jsonl").write_text('{"t": 300, "kind": "mu", "value": 0.3}\n')
    return place


def lines_with(driver: Driver, text: str) -> list[str]:
    return [line for line in driver.text().splitlines() if text in line]


@pytest.mark.parametrize("how", ["planned", "live"])
async def test_a_changed_friction_is_the_same_everywhere(
    tmp_path: Path, open_app: OpenApp, how: str
) -> None:
    place, said = switched(tmp_path / "a", how), "0.3 (was 0.05)"
    summary, data = read_summary(place), SessionReader(place).refresh()
    assert said in ls._row(summary, "")
    assert f"mu {said}" in "\n".join(show.as_lines(data))
    assert ls.as_document(summary)["mu"] == show.as_document(data)["mu"] == 0.3
    other = SessionReader(make_run(tmp_path / "other", mu=0.05)).refresh()
    differences = compare([data, other], [None, None]).differences
    assert [d.values for d in differences if d.name == "mu"] == [(said, "0.05")]
    async with open_app(place.path, size=(160, 45)) as driver:
        assert f"mu {said}" in lines_with(driver, "tttui")[0]
        assert len(lines_with(driver, said)) >= 4  # header, card, verdict and identity
        await driver.press("6")
        await driver.until(lambda: driver.state.snapshot.summaries, "the summaries")
        assert said in lines_with(driver, "▶ a")[0]


async def test_the_implied_friction_says_of_which_weights_it_is(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = switched(tmp_path / "a", "live")
    async with open_app(place.path, size=(200, 50)) as driver:
        assert "newest implied: 0.06" in driver.text()
        for _ in range(6):
            await driver.press("left_square_bracket")
        t = driver.timeline.cursor
        assert f"implied at t {t}: 0.06" in driver.text()


async def test_a_paused_run_has_no_speed(tmp_path: Path, open_app: OpenApp) -> None:
    place = beyond_its_checkpoint(tmp_path / "a", "paused")
    async with open_app(place.path, size=(200, 50)) as driver:
        assert "paused" in driver.text().splitlines()[0]
        await driver.press("6")
        await driver.until(lambda: driver.state.snapshot.summaries, "the summaries")
        assert "steps/s" not in driver.text()
