"""Pretraining in the directory of the session that waits for it, as a run of its own kind.

pretraining.csv gets the losses, status.json says `queued` and how far it is, and
pretraining_state.pt holds what an exact continuation needs, so that one that was stopped or
killed goes on from its last save. It answers requests, as a run does: pause, continue, stop.
Where another session trains the same base already, it waits for that one.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.appending import AppendedFile
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.blocks import BlockChecksums
from tttui.artifacts.checksum import Carried, pt_bytes, pt_checksum
from tttui.artifacts.lock import SessionLock
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import blocks_of, open_to_read
from tttui.artifacts.sampling import Sampling
from tttui.artifacts.session_events import tell_of_session
from tttui.artifacts.steps_csv import LOSSES
from tttui.model.errors import SessionTaken, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.model.status import BaseTraining
from tttui.runs.answering import Answering
from tttui.runs.control import Request
from tttui.runs.heartbeat import Heartbeat
from tttui.runs.runlog import RunLog
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.base import (
    LOSS_HEADER,
    Base,
    cache_path,
    find_base,
    keep_base,
    loss_row,
    make_room,
)
from tttui.tasks.pointmass.runs.turn import Turn
from tttui.tasks.pointmass.runs.writer import RunWriter

STATE_FILE = "pretraining_state.pt"

FLUSH_S = 0.25
"""Seconds after which losses go to the disk."""

SAVE_S = 5.0
"""Seconds between two saved states: what a killed process loses."""

LOOK_S = 0.02
"""Seconds after which requests are looked for."""

TURN_S = 0.1
"""Seconds after which a session that waits looks whether the base is there, or its turn."""

POINTS = 5000
"""Losses that are kept of a pretraining, evenly over its steps."""

PACE_S = 3.0
"""Seconds over which the speed is measured."""

Progress = Callable[[int, float], None]
OnNotice = Callable[[str], object]


class BaseRun:
    """The pretraining of one planned session, whose `lock` the caller holds."""

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        lock: SessionLock,
        created_at: float | None = None,
    ) -> None:
        """`created_at` is when the session was made, in Unix seconds."""
        self._created_at = time.time() if created_at is None else created_at
        self._directory, self._settings, self._lock = directory, settings, lock
        self._training = Training(settings)
        self._steps = settings.pretraining.pretrain_steps
        self._every = -(-self._steps // POINTS)
        self._losses = AppendedFile(directory / LOSSES, BlockChecksums())
        writer = RunWriter(directory)
        self._heart = Heartbeat(writer, lock, 0, settings.steps, settings.device)
        self._log = RunLog(directory)
        self._answering = Answering(directory, self._heart, self._log, self._settle)
        self._loss: float | None = None
        self._pace = deque[tuple[float, int]]()
        self._paused = False
        self._turn = Turn(cache_path(directory.parent, settings).parent, directory.name)
        self._waits_for: str | None = None
        """The session that trains the base meanwhile."""
        self._on_turn: OnNotice | None = None
        self._trained: Base | None = None
        """The base, where another session has trained it."""
        self._held = False
        self._flush_at = self._look_at = self._save_at = self._turn_at = 0.0

    def train(
        self,
        should_stop: Callable[[], bool],
        on_progress: Progress | None,
        on_notice: OnNotice | None = None,
        on_turn: OnNotice | None = None,
    ) -> Base | None:
        """Train to the end and keep the base, or None: it was asked to stop.

        `on_notice` gets what was damaged or cut off of an earlier training, a line each, and
        `on_turn` which session trains the base meanwhile. Raises TttuiError where the disk does
        not take what was trained.
        """
        self._on_turn = on_turn
        samples = Sampling(
            self._directory, self._created_at, root=self._directory.parent, warn=self._log.refused
        )
        tell_of_session(self._directory, "pretraining")
        try:
            make_room(self._directory.parent, self._settings)
            self._begin(on_notice or (lambda line: None))  # noqa: ARG005
            done = self._loop(should_stop, on_progress)
            self._save()
            if not done:
                self._answering.refuse_rest(0, [], "interrupted")
                self._say("interrupted")
                tell_of_session(self._directory, "interrupted")
                self._note("was stopped")
                return None
            if self._trained is not None:
                self._note("is not needed: another session has trained the base")
                (self._directory / STATE_FILE).unlink(missing_ok=True)
                return self._trained
            self._note("is done")
            table = blocks_of(self._directory / LOSSES)
            weights = self._training.weights()
            base = keep_base(self._directory.parent, self._settings, weights, table)
            (self._directory / STATE_FILE).unlink(missing_ok=True)
            return base
        except SessionTaken:
            raise
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            samples.close()
            self._turn.give()
            self._losses.close()
            self._log.close()

    def _begin(self, on_notice: OnNotice) -> None:
        """Resume from the saved state if it is whole, else begin."""
        try:
            sums = self._restore()
        except (TttuiError, OSError, KeyError, TypeError, ValueError) as error:
            sums = None  # nothing but time is lost
            self._tell_of(f"{error}; the pretraining begins anew", on_notice)
        if sums is None:
            (self._directory / LOSSES).unlink(missing_ok=True)
            self._losses.create(LOSS_HEADER)
        elif (cut := self._losses.reopen(sums.size, sums)) is not None:
            self._tell_of(str(cut), on_notice)
        self._save_at = time.monotonic() + SAVE_S
        self._say("queued")
        self._note("begins" if sums is None else "goes on")

    def _tell_of(self, line: str, on_notice: OnNotice) -> None:
        self._log.refused(line)
        on_notice(line)

    def _restore(self) -> BlockChecksums | None:
        """Load the saved state; returns the checksums of its losses, None if nothing is saved yet.
        Raises for damage."""
        path = self._directory / STATE_FILE
        if not os.path.lexists(path):
            return None
        state = read_pt(path)
        with open_to_read(path) as file:
            carried = pt_checksum(file)
        if carried is Carried.WRONG:
            raise TttuiError(f"{path}: is damaged: it does not have the checksum that it carries")
        sums = self._known_losses(state["losses"])
        self._training.load(state["training"])
        return sums

    def _known_losses(self, saved: Any) -> BlockChecksums:
        """The saved checksums of the losses, if the file still matches them."""
        path = self._directory / LOSSES
        with open_to_read(path) as file:
            if isinstance(saved, int):  # an older version saved only their size
                sums = BlockChecksums()
                sums.add_file(file, saved)
                wrong = [(sums.size, saved)] if sums.size < saved else []
            else:
                sums = BlockChecksums.restored(saved)
                wrong = sums.differing(file)
        if wrong:
            begin, end = wrong[0]
            raise TttuiError(f"{path}: bytes {begin} to {end - 1} are not what was written")
        return sums

    def _loop(self, should_stop: Callable[[], bool], on_progress: Progress | None) -> bool:
        """Train to the end; False: it was asked to stop."""
        training = self._training
        while not training.done and self._trained is None:
            if should_stop() or not self._obey():
                return False
            if self._paused or not self._has_turn():
                time.sleep(LOOK_S)
            else:
                self._loss = training.advance().loss
                if training.step % self._every == 0 or training.done:
                    self._losses.add(loss_row(training.step, self._loss))
                if on_progress is not None:
                    on_progress(training.step, self._loss)
            self._keep_alive()
        return True

    def _has_turn(self) -> bool:
        """Whether this session trains the base; else another one does, or has done so."""
        if self._waits_for is None and self._held:
            return True
        now = time.monotonic()
        if now < self._turn_at:
            return False
        self._turn_at = now + TURN_S
        self._held = self._turn.take()
        self._trained = find_base(self._directory.parent, self._settings)
        waits_for = None if self._held else self._turn.whose()
        if waits_for != self._waits_for:
            self._waits_for = waits_for
            self._note("goes on" if waits_for is None else f"waits for {waits_for or 'another'}")
            if self._on_turn is not None:
                known = BaseTraining(0, 0, waits_for=waits_for)
                self._on_turn("trains the base itself now" if waits_for is None else str(known))
            self._tell()
        return self._held and self._trained is None

    def _obey(self) -> bool:
        """Carry out requests; returns whether to go on."""
        now = time.monotonic()
        if now < self._look_at:
            return True
        self._look_at = now + LOOK_S
        requests = self._answering.take(0)
        for request in requests:
            self._do(request)
        self._answering.say(0)
        return not any(request.verb == "stop" for request in requests)

    def _do(self, request: Request) -> None:
        error = ""
        match request.verb:
            case "stop":
                pass
            case "pause" | "continue":
                self._paused = request.verb == "pause"
                self._pace.clear()
                if self._paused:  # others need not wait for a person
                    self._turn.give()
                    self._held = False
                self._heart.state = "paused" if self._paused else "queued"
                self._note("was paused" if self._paused else "goes on")
            case _:
                error = "its base is still being pretrained; ask again when it has begun"
        self._answering.answer(0, request, error)

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now >= self._flush_at:
            self._flush_at = now + FLUSH_S
            self._losses.flush()
            self._pace.append((now, self._training.step))
            while now - self._pace[0][0] > PACE_S:
                self._pace.popleft()
            self._tell()
        if now >= self._save_at:
            self._save()
        self._heart.beat_when_due(0, now)

    def _save(self) -> None:
        self._lock.check()
        self._save_at = time.monotonic() + SAVE_S
        self._losses.sync()
        assert self._losses.checksums is not None
        state = {"training": self._training.state(), "losses": self._losses.checksums.state()}
        write_whole(self._directory / STATE_FILE, pt_bytes(write_pt(state)))

    def _settle(self) -> None:
        """Write the state to disk that an answer refers to."""
        self._losses.flush()
        self._tell()

    def _say(self, state: str) -> None:
        self._heart.state = state
        self._tell()
        self._heart.beat(0)

    def _tell(self) -> None:
        """Report the pretraining with the next heartbeat."""
        speed = None
        if len(self._pace) > 1 and not self._paused:
            (then, first), (now, last) = self._pace[0], self._pace[-1]
            speed = round((last - first) / (now - then), 1)
        self._heart.fields["pretraining"] = {
            "step": self._training.step,
            "steps": self._steps,
            "loss": self._loss,
            "steps_per_second": speed,
            "waits_for": self._waits_for,
        }

    def _note(self, what: str) -> None:
        self._log.pretraining(what, self._training.step, self._steps)

    def _fail(self, error: BaseException) -> None:
        self._heart.error = str(error) if isinstance(error, TttuiError) else repr(error)
        self._log.failed(0, f"while pretraining: {self._heart.error}")
        tell_of_session(self._directory, "failed", error=self._heart.error)
        with suppress(TttuiError):  # the disk that failed is the one that the status goes to
            self._answering.refuse_rest(0, [], "failed")
            self._say("failed")
