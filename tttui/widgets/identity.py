"""The identity of a session: ids, hashes and settings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from textual.geometry import Size

from tttui.draw.cells import fit
from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.numbers import count
from tttui.model.parameters import specs_of
from tttui.model.session import SessionData
from tttui.model.setting import shown
from tttui.toolkit import DirectWidget

Row = tuple[str, str]

UNKNOWN = "not recorded"
"""Stands for the settings of the updates where there are none."""


MOST_SETTINGS = 12
"""Settings of another task than the point mass that are named."""


def identity_rows(data: SessionData) -> list[Row]:
    """Label and value of everything that names a session; `-` where it is not recorded."""
    meta = data.meta
    created = "-"
    if meta.created_at is not None:
        created = datetime.fromtimestamp(meta.created_at).strftime("%Y-%m-%d %H:%M")
    parent = meta.parent_session_id or "none"
    if meta.forked_at_t is not None:
        parent += f" at t {meta.forked_at_t}"
    if meta.started_from:
        parent = meta.started_from if meta.parent_session_id is None else parent
    settings = plasticity(meta.plasticity_cfg)
    known = (("signature", meta.model_signature), ("base", meta.base_ckpt_hash))
    hashes = [(k, short_hash(v)) for k, v in known if v or meta.is_point_mass]
    if not meta.is_point_mass:
        settings = own_settings({**meta.schema.task.settings, **meta.plasticity_cfg})
    rows = [
        ("session", meta.session_id or "-"),
        ("run", data.run or data.place.name),
        *_subject(data),
        ("created", created),
        ("parent", parent),
        ("device", meta.device or (data.status.device if data.status else None) or "-"),
        *hashes,
        ("plasticity", "  ".join(settings) or UNKNOWN),
    ]
    if meta.seed is not None:
        rows.insert(3, ("seed", str(meta.seed)))
    return rows


def _subject(data: SessionData) -> list[Row]:
    """The task of the session."""
    meta, schema = data.meta, data.meta.schema
    if meta.is_point_mass:
        return [("world", f"{meta.env_mode or '-'}  {data.truth_named}")]
    rows = [("task", " ".join(filter(None, (schema.task.name, schema.task.version))))]
    rows.append(("loss", schema.loss.label))
    specs = specs_of(data)
    if specs:
        size = count(sum(spec.size for spec in specs))
        rows.append(("learns", f"{size} elements in {count(len(specs))} parameters"))
    return rows


def own_settings(values: Mapping[str, Any]) -> list[str]:
    """The settings of any task in few words each."""
    plain = [(k, v) for k, v in values.items() if isinstance(v, (str, int, float))]
    return [f"{k} {shown(v) if not isinstance(v, str) else v}" for k, v in plain[:MOST_SETTINGS]]


def in_short(rows: Sequence[Row]) -> list[Row]:
    """What of the rows tells something, most telling first, a setting of the updates at a time."""
    known = dict(rows)
    if known["run"] == known["session"]:
        del known["run"]
    if known["parent"] == "none":
        del known["parent"]
    settings = known.pop("plasticity")
    parts = [] if settings == UNKNOWN else settings.split("  ")
    return [*known.items(), *(("", part) for part in parts)]


def short_hash(value: str | None) -> str:
    """The first ten characters: enough to compare by eye."""
    return f"{value[:10]}…" if value and len(value) > 11 else value or "-"


def plasticity(cfg: Mapping[str, Any]) -> list[str]:
    """The settings of the updates in few words each, as far as they are recorded."""

    def get(key: str, form: str) -> str | None:
        value = cfg.get(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return form.format(value) if is_number else None

    parts = [
        get("lr", "lr {:g}"),
        get("chunk", "chunk {:g}"),
        get("buffer_len", "buffer {:g}"),
        get("inner_steps", "inner {:g}"),
        get("rollback_tol", "tol {:.0%}"),
        get("grad_norm_max", "|g|<={:g}"),
        get("state_norm_max", "|h|<={:g}"),
        get("probation", "probation {:g}x"),
    ]
    return [part for part in parts if part]


class IdentityCard(DirectWidget):
    """The identity in few rows: one item behind the other; in full it is a row for each.

    Where not all of it fits a mark says so, and how to see it.
    """

    DEFAULT_CSS = "IdentityCard { padding: 0 1; height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._palette = DARK
        self._more = "…"
        self._most = 1
        self._full = False

    def show(self, data: SessionData, palette: Palette, more: str) -> None:
        """Show who this is; `more` stands where something is left out."""
        rows = identity_rows(data)
        if (rows, palette, more) != (self._rows, self._palette, self._more):
            self._rows, self._palette, self._more = rows, palette, more
            self.refresh(layout=True)

    def set_rows(self, most: int, *, full: bool = False) -> None:
        """Take at most so many rows; in `full`, one for each thing that is known."""
        if (most, full) != (self._most, self._full):
            self._most, self._full = most, full
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Text:
        label, value = style(self._palette.muted), style(self._palette.text)
        text = Text(no_wrap=True)
        for y, line in enumerate(self._lines(self.content_size.width)):
            text.append("\n" if y else "")
            for k, v in line:
                text.append(k, label).append(v, value)
        return text

    def _lines(self, width: int) -> list[list[Row]]:
        """Labels and values of each line, with the space before them."""
        if width < 1 or not self._rows:
            return []
        if self._full:
            rows = [[(f"{k:<11}", fit(v, max(width - 11, 1)))] for k, v in self._rows]
            return rows[: self._most]
        items = in_short(self._rows)
        lines, left = flowed(items, width, self._most)
        while left and items:
            items.pop()
            lines, left = flowed([*items, (self._more, "")], width, self._most)
        return lines


def flowed(items: Sequence[Row], width: int, most: int) -> tuple[list[list[Row]], bool]:
    """Items one behind the other in at most so many lines; whether some are left over."""
    lines: list[list[Row]] = []
    used = width
    for k, v in items:
        item = fit(" ".join(part for part in (k, v) if part), width)
        gap = "   " if k else "  "
        if used + len(gap) + cell_len(item) > width:
            if len(lines) == most:
                return lines, True
            lines.append([])
            used, gap = 0, ""
        shown = len(k) if k and v else len(item) if k else 0
        lines[-1].append((gap + item[:shown], item[shown:]))
        used += len(gap) + cell_len(item)
    return lines, False
