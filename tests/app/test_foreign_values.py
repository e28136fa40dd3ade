"""No value of any key of a session's files ends the app or a view of it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import SIZES, OpenApp
from tests.rundirs import make_run, session_path
from tttui.model.session import Place
from tttui.model.start import StartView

DATES: dict[str, object] = {
    "milliseconds": 1795289100000,
    "nan": math.nan,
    "1e300": 1e300,
    "negative": -1e12,
    "400 digits": 10**400,
    "text": "2026-11-25",
    "list": [1],
    "true": True,
}


def change(place: Place, file: str, **values: Any) -> None:
    path = session_path(place) / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("tab", ["sessions", "overview"])
async def test_a_strange_date_hides_neither_its_session_nor_the_others(
    tmp_path: Path, open_app: OpenApp, tab: str
) -> None:
    for name, date in DATES.items():
        change(
            make_run(tmp_path / name.replace(" ", "-"), steps=40), "meta.json", created_at_unix=date
        )
    async with open_app(tmp_path, start=StartView(tab=tab), size=SIZES[2]) as driver:
        await driver.settled()
        text = driver.text()
        if tab == "sessions":
            assert all(name.replace(" ", "-") in text for name in DATES)
        else:
            assert "not a date in seconds since 1970" in text


@pytest.mark.parametrize("value", ["abc", "1.0", None, True, [1], {}, math.nan, 1e300, 10**400, 0])
async def test_yardsticks_are_drawn_whatever_the_length_of_a_step_is_said_to_be(
    tmp_path: Path, open_app: OpenApp, value: object
) -> None:
    place = make_run(tmp_path / "a", steps=200)
    change(place, "meta.json", env_cfg={"dt": value, "noise_std": value})
    async with open_app(place.path, size=SIZES[1]) as driver:
        await driver.press("r")
        await driver.until(lambda: "oracle" in driver.text(), "the yardsticks")
        assert "defect" not in driver.text()
        allowed = value is None or value == 1e300  # as long as a step may be
        assert ("env_cfg.dt is" in driver.text()) != allowed


ODD: dict[str, object] = {
    "text": "\x1b[31mabc\n",
    "huge": 10**400,
    "nan": math.nan,
    "list": [[1], {"t": []}],
    "object": {"a": {"b": {}}},
    "true": True,
}


@pytest.mark.parametrize("odd", ODD)
async def test_every_tab_is_drawn_whatever_stands_in_the_objects_of_a_session(
    tmp_path: Path, open_app: OpenApp, odd: str
) -> None:
    place = make_run(tmp_path / "a", steps=200)
    make_run(tmp_path / "b", steps=64)
    value = ODD[odd]
    meta = json.loads((session_path(place) / "meta.json").read_text())
    groups = {
        key: dict.fromkeys(group, value) for key, group in meta.items() if isinstance(group, dict)
    }
    change(place, "meta.json", **{**dict.fromkeys(meta, value), **groups})
    metrics = json.loads((session_path(place) / "metrics.json").read_text())
    change(place, "metrics.json", **dict.fromkeys(metrics, value))
    lines = (place.path / "update_events.jsonl").read_text().splitlines()
    kept = ("t", "status")
    events = [{k: v if k in kept else value for k, v in json.loads(e).items()} for e in lines]
    (place.path / "update_events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    (place.path / "interventions.jsonl").write_text(
        "".join(
            json.dumps({"t": 50, "kind": kind, "value": inner}) + "\n"
            for kind in ("mu", "settings", "rollback", "fault", "other")
            for inner in (value, {"lr": value, "mu": value})
        )
    )
    async with open_app(place.path, tmp_path, size=SIZES[0]) as driver:
        for tab in "123456":
            await driver.press(tab)
            await driver.settled()
            await driver.press("home", "right_square_bracket", "enter", "escape")
            assert "defect" not in driver.text(), tab
