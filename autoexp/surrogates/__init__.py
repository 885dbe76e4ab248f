"""Models of a measured value over the unit cube."""

from autoexp.surrogates.composed import Periodic, Product, Sum
from autoexp.surrogates.conditioned import Scale, condition
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.fitting import fit
from autoexp.surrogates.gpytorch_kernel import GPyTorchKernel, fit_gpytorch
from autoexp.surrogates.inducing import inducing_points
from autoexp.surrogates.kernels import PROFILES, Kernel
from autoexp.surrogates.parameters import Data, Parameters
from autoexp.surrogates.partitioned import PartitionedGP
from autoexp.surrogates.sparse import SparseGP

__all__ = [
    "PROFILES",
    "Data",
    "ExactGP",
    "GPyTorchKernel",
    "Kernel",
    "Parameters",
    "PartitionedGP",
    "Periodic",
    "Product",
    "Scale",
    "SparseGP",
    "Sum",
    "condition",
    "fit",
    "fit_gpytorch",
    "inducing_points",
]
