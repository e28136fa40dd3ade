"""The trajectory of the open run, and what can be worked out on it."""

from tttui.model.steps import SeriesTable, Trajectory, Yardstick
from tttui.store.feed import Feed
from tttui.store.snapshot import SERIES, TRAJECTORY, YARDSTICKS


class TrajectoryFeed(Feed[Trajectory | None]):
    """What was appended to the trajectory."""

    part = TRAJECTORY

    def refresh(self) -> None:
        reader, data = self.core.reader, self.core.snapshot.data
        if reader is None:
            return
        trajectory = reader.trajectory()
        fresh = reader.refresh()  # what is wrong with the trajectory stands in its problems
        if trajectory is not self.value or fresh is not data:
            self.core.put(self.part, trajectory, fresh)


class SeriesFeed(Feed[SeriesTable | None]):
    """What was appended to the series."""

    part = SERIES

    def refresh(self) -> None:
        reader, data = self.core.reader, self.core.snapshot.data
        if reader is None:
            return
        series = reader.series()
        fresh = reader.refresh()  # what is wrong with them stands in its problems
        if series is not self.value or fresh is not data:
            self.core.put(self.part, series, fresh)


class YardsticksFeed(Feed[tuple[Yardstick, ...]]):
    """What exact physics and recursive least squares reach on the trajectory."""

    part = YARDSTICKS
    needs = frozenset({TRAJECTORY.name})
    _of: tuple[object, ...] = ()
    """What the value was worked out from."""

    def refresh(self) -> None:
        data, trajectory = self.core.snapshot.data, self.core.snapshot.trajectory
        if data is None or trajectory is None:
            return
        given = (trajectory, data.meta, data.mu_now)
        if self._of and self._of[0] is trajectory and self._of[1:] == given[1:]:
            return
        from tttui.tasks.pointmass.yardsticks import yardsticks_of

        self.put(tuple(yardsticks_of(trajectory, data.meta.world, data.mu_now)))
        self._of = given

    def forget(self) -> tuple[Yardstick, ...]:
        self._of = ()
        return ()
