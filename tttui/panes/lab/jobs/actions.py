"""Actions on a job; those that end or remove something ask first."""

from collections.abc import Mapping, Sequence

from tttui.keys.command import Command
from tttui.lab.checkpoints import LATEST, PREVIOUS
from tttui.lab.job import Job, job_command
from tttui.panes.lab.base import Question
from tttui.panes.lab.jobs.table import JobTable
from tttui.store.lab.job import JOB_DETAIL, JobDetail

NEWEST = "the newest checkpoint"

ALWAYS_THERE = (LATEST, PREVIOUS)
"""Checkpoints of a complete job after which next to nothing comes."""

SHOWN_IN: Mapping[str, str] = {
    "train": "training",
    "pretrain": "training",
    "provider_test": "matrix",
    "benchmark": "benchmarks",
    "abtest": "benchmarks",
    "genome_test": "genome",
    "genome_run": "genome",
}
"""The views that show the results of a kind of job."""

LIST_JOBS = ("training", "benchmarks")
"""Those of them in which the job itself can be selected."""


class JobActions(JobTable):
    """A view whose keys act on the job under the cursor, which the feed `job` reads."""

    @property
    def detail(self) -> JobDetail:
        """The details of the job under the cursor, as far as they are read."""
        job, view = self.job, self.view
        detail = JobDetail() if view is None else view.of(JOB_DETAIL)
        return detail if job is not None and detail.path == job.path else JobDetail()

    def do_open(self) -> str | None:
        """Open what the job made: a session in the tabs, a version among the models."""
        job, desk = self.job, self.desk
        if job is None:
            return "There is no job under the cursor."
        if job.is_session:
            desk.open_session(job.path)
            return None
        if version := version_of(self.detail):
            desk.go_to("models", version)
        elif job.kind in SHOWN_IN:
            view = SHOWN_IN[job.kind]
            desk.go_to(view, job.handle if view in LIST_JOBS else "")
        else:
            return f"All that job {job.short} made is here: v goes through its texts."
        return None

    def do_cancel(self) -> str | None:
        job = self.job
        if job is None or job.has_ended:
            return "Nothing to cancel: the job has ended." if job else None
        text = (
            f"End {job.kind} {job.short} at its next safe point? What is there is kept, and it can "
            "be resumed."
        )
        question = Question("Cancel", text, job_command(job, "cancel"), "cancel it")

        def do() -> str:
            from tttui.lab.steering import cancel

            ended = cancel(job)
            _start_waiting(ended)
            return f"Job {ended.short} is {ended.state}"

        self.desk.act(do, question)
        return None

    def do_resume(self) -> str | None:
        job = self.job
        if job is None:
            return None
        if not job.has_ended or (job.state == "completed" and not self._earlier):
            return f"Job {job.short} is {job.state}; there is nothing to resume."
        data = self.detail.data
        names = () if data is None else data.checkpoints
        if job.state == "completed":
            self._choose(job, self._earlier)
        elif len(names) < 2:
            self._ask_resume(job, None)
        else:
            self._choose(job, (NEWEST, *names))
        return None

    @property
    def _earlier(self) -> Sequence[str]:
        """The checkpoints from which a complete training may go on to another version."""
        job, data = self.job, self.detail.data
        if job is None or data is None or job.state != "completed" or not version_of(self.detail):
            return ()
        return [name for name in data.checkpoints if name not in ALWAYS_THERE]

    def _choose(self, job: Job, names: Sequence[str]) -> None:
        from tttui.panes.lab.jobs.choose import ChooseDialog

        def answered(name: str | None) -> None:
            if name is not None:
                self._ask_resume(job, None if name == NEWEST else name)

        text = f"From which checkpoint shall {job.kind} {job.short} go on?"
        self.desk.show_dialog(ChooseDialog("Resume", text, names), answered)

    def _ask_resume(self, job: Job, checkpoint: str | None) -> None:
        more = () if checkpoint is None else ("--checkpoint", checkpoint)
        where = "its newest checkpoint" if checkpoint is None else f"checkpoint {checkpoint}"
        text = f"Let {job.kind} {job.short} go on from {where}? Without one it begins again."
        if job.state == "completed":
            text = (
                f"Let {job.kind} {job.short} go on from {where}, though it is complete? Its curves "
                "are cut there and later checkpoints are replaced; its results are kept, "
                f"{version_of(self.detail)} stays as it is, and a new version comes of it."
            )
        question = Question("Resume", text, job_command(job, "resume", *more), "resume it")

        def do() -> str:
            from tttui.lab.steering import resume

            replaced = list[str]()
            resumed = resume(job, checkpoint=checkpoint, replacing=replaced.append)
            return "; it ".join((f"Job {resumed.short} is {resumed.state}", *replaced))

        self.desk.act(do, question)

    def do_remove(self) -> str | None:
        job = self.job
        if job is None:
            return None
        if not job.has_ended and job.state != "unknown":
            return f"Job {job.short} is {job.state}; cancel it first."
        what = "the session" if job.is_session else "the job"
        text = f"Move {what} {job.short} with all its files to the trash of its root?"
        question = Question("Remove", text, job_command(job, "rm"), "move it to the trash")
        root = job.path.parent if job.is_session else job.path.parent.parent.parent

        def do() -> str:
            from tttui.lab.steering import remove

            return f"Job {job.short} lies in {remove(job, root)} now"

        self.desk.act(do, question)
        return None

    def label(self, command: Command) -> str:
        job = self.job
        match command.action:
            case "pane('cancel')":
                return "" if job is None or job.has_ended else "cancel"
            case "pane('resume')":
                ended = job is not None and job.has_ended
                resumable = job is not None and (job.state != "completed" or self._earlier)
                return "resume" if ended and resumable else ""
            case "pane('remove')":
                return "remove" if job is not None and job.has_ended else ""
        return super().label(command)


def version_of(detail: JobDetail) -> str:
    """The version that a job registered, as its results name it: `A@v2`; '' for none."""
    results = None if detail.data is None else detail.data.results
    name = (results or {}).get("version")
    return name if isinstance(name, str) else ""


def _start_waiting(job: Job) -> None:
    """Start jobs that wait and have room now."""
    from contextlib import suppress

    from tttui.lab.job import root_of
    from tttui.lab.queue import dispatch
    from tttui.model.errors import TttuiError

    if not job.is_session:
        with suppress(TttuiError, OSError):
            dispatch(root_of(job.path))
