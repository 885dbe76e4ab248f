"""Which model for how many observations."""

from dataclasses import dataclass

from autoexp.errors import ObjectiveError
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.inducing import inducing_points
from autoexp.surrogates.parameters import Data, Parameters
from autoexp.surrogates.sparse import SparseGP

Model = ExactGP | SparseGP


@dataclass(frozen=True, slots=True)
class Scale:
    """How many observations are worth how much work.

    Parameters
    ----------
    exact_up_to
        Beyond so many observations a sparse model takes the exact one's place.
    inducing
        Number of its inducing points at most.

    Raises
    ------
    ObjectiveError
        If either is below one.
    """

    exact_up_to: int = 3_000
    inducing: int = 512

    def __post_init__(self) -> None:
        for name, value in (("exact_up_to", self.exact_up_to), ("inducing", self.inducing)):
            if value < 1:
                raise ObjectiveError(f"{name} must be 1 or more, got {value}")


USUAL = Scale()


def condition(parameters: Parameters, data: Data, scale: Scale = USUAL) -> Model:
    """Return a model of given hyper-parameters, conditioned on `data`: exact, or sparse where they are many."""
    if len(data) <= scale.exact_up_to:
        return ExactGP(parameters, data)
    return SparseGP(parameters, data, inducing_points(parameters.kernel, data.x, scale.inducing))
