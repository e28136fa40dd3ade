"""The ghost as a figure and as a table: the same actions in a world with another friction."""

import numpy as np

from tttui.export.request import ExportRequest
from tttui.model.errors import TttuiError
from tttui.tasks.pointmass import ghost
from tttui.tasks.pointmass.hidden import mu_at, mu_column, world_of


def ghost_of(request: ExportRequest) -> ghost.Ghost:
    """The ghost of a checked request; raises TttuiError where it cannot start."""
    whole = request.trajectory
    if whole is None:
        raise TttuiError(f"{request.name}: no trajectory to export")
    mu = request.ghost_mu
    if mu is None:
        mu = ghost.usual_friction(mu_at(request.data, whole, request.span[0]))
    law, true = world_of(request.data), mu_column(request.data, whole)
    found = ghost.follow(whole, true, mu, law, request.span)
    if isinstance(found, str):
        raise TttuiError(f"{request.name}: {found}")
    return found


def table(request: ExportRequest) -> dict[str, np.ndarray]:
    """Both paths and the distance between them, a row a step."""
    found = ghost_of(request)
    return {
        "t": found.t,
        "x": found.true[:, 0],
        "y": found.true[:, 1],
        "ghost_x": found.path[:, 0],
        "ghost_y": found.path[:, 1],
        "distance": found.distance,
        "ghost_mu": np.full(len(found.t), found.mu),
    }
