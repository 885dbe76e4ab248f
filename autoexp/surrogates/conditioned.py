"""Which model for how many observations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from autoexp.errors import ObjectiveError, listed
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.gpytorch_kernel import GPyTorchKernel
from autoexp.surrogates.inducing import inducing_points
from autoexp.surrogates.parameters import Data, Parameters
from autoexp.surrogates.partitioned import PartitionedGP
from autoexp.surrogates.sparse import SparseGP

if TYPE_CHECKING:
    import gpytorch

Model = ExactGP | SparseGP | PartitionedGP

Many = Literal["auto", "sparse", "partitioned"]

_BLOCK, _COARSE = 512, 0.05


@dataclass(frozen=True, slots=True)
class Scale:
    """How many observations are worth how much work.

    Parameters
    ----------
    exact_up_to
        Beyond so many observations another model takes the exact one's place.
    inducing
        Number of inducing points of a sparse model at most.
    many
        That other model: ``"sparse"``, ``"partitioned"``, or ``"auto"`` for a sparse one unless its inducing points
        leave open more than a twentieth of the prior variance at the observations, as they do where the field is rough.

    Raises
    ------
    ObjectiveError
        If either number is below one, or `many` is another word.
    """

    exact_up_to: int = 3_000
    inducing: int = 512
    many: Many = "auto"

    def __post_init__(self) -> None:
        for name, value in (("exact_up_to", self.exact_up_to), ("inducing", self.inducing)):
            if value < 1:
                raise ObjectiveError(f"{name} must be 1 or more, got {value}")
        if self.many not in get_args(Many):
            raise ObjectiveError(f"many must be one of {listed(get_args(Many))}, got {self.many!r}")


USUAL = Scale()


def condition(
    parameters: Parameters, data: Data, scale: Scale = USUAL, given: "gpytorch.kernels.Kernel | None" = None
) -> Model:
    """Return a model of given hyper-parameters, conditioned on `data`: exact, or as `scale` says where they are many.

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
    if scale.many == "partitioned":
        return PartitionedGP(parameters, data, _BLOCK, kernel)
    sparse = SparseGP(parameters, data, inducing_points(kernel, data.x, scale.inducing), kernel)
    if scale.many == "auto" and sparse.unresolved > _COARSE:
        return PartitionedGP(parameters, data, _BLOCK, kernel)
    return sparse
