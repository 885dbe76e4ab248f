"""Which model for how many observations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoexp.errors import ObjectiveError
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.gpytorch_kernel import GPyTorchKernel
from autoexp.surrogates.inducing import inducing_points
from autoexp.surrogates.parameters import Data, Parameters
from autoexp.surrogates.sparse import SparseGP

if TYPE_CHECKING:
    import gpytorch

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


def condition(
    parameters: Parameters, data: Data, scale: Scale = USUAL, given: "gpytorch.kernels.Kernel | None" = None
) -> Model:
    """Return a model of given hyper-parameters, conditioned on `data`: exact, or sparse where they are many.

    Parameters
    ----------
    parameters
        Hyper-parameters.
    data
        What was measured.
    scale
        How many are many.
    given
        The kernel of GPyTorch whose own parameters stand in `parameters`.
    """
    kernel: Covariance = parameters.kernel if given is None else GPyTorchKernel(given, parameters.raw)
    if len(data) <= scale.exact_up_to:
        return ExactGP(parameters, data, kernel=kernel)
    return SparseGP(parameters, data, inducing_points(kernel, data.x, scale.inducing), kernel)
