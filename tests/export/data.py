"""A session with every part, made of numbers that a test can follow."""

from pathlib import Path

from tests.recorded import make_recorded, small_module
from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.export.request import OF_SEVERAL, ExportRequest
from tttui.model.compare import compare
from tttui.model.session import Layout, Place
from tttui.tasks.pointmass.transfer import with_transfer


def request_for(
    directory: Path, what: str, *, layout: Layout = "native", **values: object
) -> ExportRequest:
    """A request about a generated session below `directory` (made where it is not there)."""
    if what == "series":
        return recorded_request(directory, what, **values)
    path = directory / ("root/sessions/demo" if layout == "store" else "demo")
    place = Place(path, layout) if path.exists() else make_run(path, layout=layout)
    reader = SessionReader(place)
    data, trajectory = reader.refresh(), reader.trajectory()
    compared = None
    if what in OF_SEVERAL:
        other = SessionReader(make_run(directory / "other", seed=3, mu=0.3)).refresh()
        compared = with_transfer(compare([data, other], [trajectory, None]))
    summaries = (read_summary(place),) if what == "sessions" else ()
    return ExportRequest(what, data, trajectory, compared=compared, summaries=summaries, **values)  # type: ignore[arg-type]


def recorded_request(directory: Path, what: str, **values: object) -> ExportRequest:
    """A request about a recorded session below `directory`."""
    path = directory / "recorded"
    place = Place(path, "native")
    if not path.exists():
        place = make_recorded(
            path,
            steps=600,
            model=small_module(),
            series=("entropy", "$x_$"),
            controls=("bn",),
            frozen_every=4,
        )
    reader = SessionReader(place)
    data = reader.refresh()
    return ExportRequest(what, data, series=reader.series(), **{"t": 300, **values})  # type: ignore[arg-type]
