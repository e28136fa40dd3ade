"""Which session this is: ids, hashes and the settings that shaped it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from textual.widget import Widget

from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.session import SessionData
from tttui.model.text import visible

Row = tuple[str, str]


def identity_rows(data: SessionData) -> list[Row]:
    """Label and value of everything that names a session; `-` where it is not recorded."""
    meta = data.meta
    created = "-"
    if meta.created_at is not None:
        created = datetime.fromtimestamp(meta.created_at).strftime("%Y-%m-%d %H:%M")
    parent = meta.parent_session_id or "none"
    if meta.forked_at_t is not None:
        parent += f" at t {meta.forked_at_t}"
    rows = [
        ("session", meta.session_id or "-"),
        ("run", data.run or data.place.name),
        ("world", f"{meta.env_mode or '-'}  mu {_number(data.mu_now)}"),
        ("created", created),
        ("parent", parent),
        ("device", meta.device or (data.status.device if data.status else None) or "-"),
        ("signature", short_hash(meta.model_signature)),
        ("base", short_hash(meta.base_ckpt_hash)),
        ("plasticity", plasticity_line(meta.plasticity_cfg)),
    ]
    if meta.seed is not None:
        rows.insert(3, ("seed", str(meta.seed)))
    return rows


def short_hash(value: str | None) -> str:
    """The first ten characters: enough to compare by eye."""
    return f"{value[:10]}…" if value and len(value) > 11 else value or "-"


def plasticity_line(cfg: Mapping[str, Any]) -> str:
    """The settings of the updates in one line, as far as they are recorded."""

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
    return "  ".join(part for part in parts if part) or "not recorded"


class IdentityCard(Widget):
    """The identity as a column of rows where there is room, as flowing lines where there is not."""

    DEFAULT_CSS = "IdentityCard { padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._palette = DARK

    def show(self, data: SessionData, palette: Palette) -> None:
        rows = identity_rows(data)
        if (rows, palette) != (self._rows, self._palette):
            self._rows, self._palette = rows, palette
            self.refresh()

    def render(self) -> Text:
        label, value = style(self._palette.muted), style(self._palette.text)
        if self.size.height >= len(self._rows):
            column = Text()
            for k, v in self._rows:
                column.append("\n" if column else "").append(f"{k:<11}", label).append(v, value)
            return column
        flow, used, row = Text(no_wrap=True), 0, 1
        for k, v in self._rows:
            item = len(k) + 1 + cell_len(visible(v))
            if used and used + 3 + item > self.size.width:
                if row == self.size.height:
                    break  # no room for half of a value
                flow.append("\n")
                used, row = 0, row + 1
            flow.append("   " if used else "").append(f"{k} ", label).append(v, value)
            used += item + (3 if used else 0)
        return flow


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
