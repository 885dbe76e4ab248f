"""Who competes: a name, and what chooses the next point in the unit cube from what was measured."""

import warnings

import numpy as np

from autoexp import Dof, Minimize, Observation, Space
from autoexp_agents import BayesianAgent


class Autoexp:
    name = "autoexp BayesianAgent"

    def __init__(self, width, seed):
        space = Space([Dof(f"x{i}", 0, 1) for i in range(width)])
        self._agent = BayesianAgent(space, Minimize("f"), initial=1, seed=seed)

    def tell(self, u, value):
        point = {f"x{i}": float(v) for i, v in enumerate(u)}
        self._agent.ingest([Observation(point, {"f": value})])

    def ask(self):
        [suggestion] = self._agent.suggest(1, [])
        return np.array(list(suggestion.point.values()))


class PlainBotorch:
    """SingleTaskGP, LogExpectedImprovement and optimize_acqf at their defaults, as in BoTorch's tutorials."""

    name = "plain BoTorch"

    def __init__(self, width, seed):
        self._width, self._seed = width, seed
        self._x, self._y = [], []

    def tell(self, u, value):
        self._x.append(u)
        self._y.append(-value)

    def ask(self):
        import torch
        from botorch.acquisition import LogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood

        x, y = torch.tensor(np.array(self._x)), torch.tensor(self._y, dtype=torch.double)[:, None]
        bounds = torch.tensor([[0.0] * self._width, [1.0] * self._width], dtype=torch.double)
        with warnings.catch_warnings(), torch.random.fork_rng():
            warnings.simplefilter("ignore")
            torch.manual_seed(1000 * self._seed + len(self._y))
            model = SingleTaskGP(x, y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=y.max())
            found, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=10, raw_samples=512)
        return found[0].numpy()


RIVALS = {"autoexp": Autoexp, "botorch": PlainBotorch}
