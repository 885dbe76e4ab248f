"""Who competes: what chooses the next point in the unit cube from what was measured.

A rival is made from a Problem and a seed. It is told points with their readings, NaN where the wanted field could not
be read, asked for the next point, and, of one objective, for the point it recommends. Libraries that have no word for
a failed reading are told the worst value so far.
"""

import warnings

import numpy as np
from peers import Ax, GpCam, OptunaGp, OptunaTpe, Xopt

from autoexp import Dof, Observation, Space, Status
from autoexp_agents import BayesianAgent, ConstrainedTrustRegionAgent, ParetoAgent, TrustRegionAgent


def agent_for(problem, space, seed):
    """Return the agent that the documentation names for such a problem."""
    if len(problem.wanted) > 1:
        reference = dict(zip(problem.wanted, problem.reference, strict=True))
        return ParetoAgent(space, problem.objectives, initial=problem.starts, reference=reference, seed=seed)
    kind = BayesianAgent
    if problem.width > 6:
        kind = ConstrainedTrustRegionAgent if problem.bounds else TrustRegionAgent
    return kind(space, problem.objectives, initial=problem.starts, seed=seed)


class Autoexp:
    """The agent that the documentation names."""

    name = "autoexp"
    packages = ("autoexp", "torch")

    def __init__(self, problem, seed):
        self._problem = problem
        self._agent = agent_for(problem, Space([Dof(name, 0, 1) for name in problem.axes]), seed)

    def tell(self, unit, fields):
        point = dict(zip(self._problem.axes, map(float, unit), strict=True))
        failed = not np.isfinite(list(fields.values())).all()
        sigmas = dict.fromkeys(fields, self._problem.sigma) if self._problem.sigma else {}
        row = Observation(point, {}, status=Status.FAILED) if failed else Observation(point, fields, sigmas)
        self._agent.ingest([row])

    def ask(self):
        [suggestion] = self._agent.suggest(1, [])
        return np.array([suggestion.point[name] for name in self._problem.axes])

    def recommend(self):
        point = self._agent.best().point
        return np.array([point[name] for name in self._problem.axes])


class PlainBotorch:
    """SingleTaskGP and optimize_acqf at their defaults, as in BoTorch's tutorials, refitted at every step.

    LogExpectedImprovement; with noise or Bounds qLogNoisyExpectedImprovement, of several objectives
    qLogNoisyExpectedHypervolumeImprovement. Known noise is told.
    """

    name = "plain BoTorch"
    packages = ("botorch", "torch")

    def __init__(self, problem, seed):
        self._problem, self._seed = problem, seed
        self._x, self._y = [], []
        self._names = [*problem.wanted, *(bound.name for bound in problem.bounds)]

    def tell(self, unit, fields):
        row = [fields[name] for name in self._names]
        if not np.isfinite(row[0]):
            row[0] = max((seen[0] for seen in self._y), default=0.0)
        self._x.append(unit)
        self._y.append(row)

    def _fitted(self):
        import torch
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        signs = [-1.0] * len(self._problem.wanted) + [1.0] * len(self._problem.bounds)
        x, y = torch.tensor(np.array(self._x)), torch.tensor(np.array(self._y) * signs)
        noise = torch.full_like(y, self._problem.sigma**2) if self._problem.sigma else None
        model = SingleTaskGP(x, y, noise)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return model, x, y

    def _acquisition(self, model, x, y):
        from botorch.acquisition import LogExpectedImprovement
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.acquisition.objective import GenericMCObjective

        if self._problem.reference:
            reference = [-value for value in self._problem.reference]
            return qLogNoisyExpectedHypervolumeImprovement(model, reference, x, prune_baseline=True)
        if not (self._problem.bounds or self._problem.sigma):
            return LogExpectedImprovement(model, best_f=y.max())
        objective = GenericMCObjective(lambda values, X=None: values[..., 0])
        limits = [limit for index, bound in enumerate(self._problem.bounds, 1) for limit in _limits(index, bound)]
        return qLogNoisyExpectedImprovement(
            model, x, objective=objective, constraints=limits or None, prune_baseline=True
        )

    def ask(self):
        import torch
        from botorch.optim import optimize_acqf

        bounds = torch.tensor([[0.0] * self._problem.width, [1.0] * self._problem.width], dtype=torch.double)
        with warnings.catch_warnings(), torch.random.fork_rng():
            warnings.simplefilter("ignore")
            torch.manual_seed(1000 * self._seed + len(self._y))
            acquisition = self._acquisition(*self._fitted())
            found, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=10, raw_samples=512)
        return found[0].numpy()

    def recommend(self):
        """Return the measured point with the best posterior mean."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, x, _ = self._fitted()
            mean = model.posterior(x).mean.detach().numpy()
        return np.array(self._x[_best(mean, self._problem)])


def _limits(index, bound):
    """Return functions of the drawn values that are negative where one end of a Bound is kept."""
    if np.isfinite(bound.high):
        yield lambda values: values[..., index] - bound.high
    if np.isfinite(bound.low):
        yield lambda values: bound.low - values[..., index]


def _best(mean, problem):
    """Return the row with the highest first column of those that keep the Bounds in the others, or else of all."""
    kept = np.ones(len(mean), dtype=bool)
    for index, bound in enumerate(problem.bounds, 1):
        kept &= (mean[:, index] >= bound.low) & (mean[:, index] <= bound.high)
    return int(np.argmax(np.where(kept, mean[:, 0], -np.inf if kept.any() else mean[:, 0])))


RIVALS = {
    "autoexp": Autoexp,
    "optuna-tpe": OptunaTpe,
    "optuna-gp": OptunaGp,
    "gpcam": GpCam,
    "botorch": PlainBotorch,
    "ax": Ax,
    "xopt": Xopt,
}
