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
    followed = ghost.follow(whole, true, mu, law, request.span)
    if isinstance(followed, str):
        raise TttuiError(f"{request.name}: {followed}")
    return followed


def table(request: ExportRequest) -> dict[str, np.ndarray]:
    """Both paths and the distance between them, a row a step."""
    followed = ghost_of(request)
    return {
        "t": followed.t,
        "x": followed.true[:, 0],
        "y": followed.true[:, 1],
        "ghost_x": followed.path[:, 0],
        "ghost_y": followed.path[:, 1],
        "distance": followed.distance,
        "ghost_mu": np.full(len(followed.t), followed.mu),
    }
