"""Other libraries as rivals, each as its documentation says; see `rivals`."""

import logging
import warnings

import numpy as np


class Ax:
    """Ax's Client, the engine of blop and bluesky-adaptive, with the strategy that it chooses itself.

    A failed reading is a failed trial.
    """

    name = "Ax"
    packages = ("ax-platform", "botorch", "torch")

    def __init__(self, problem, seed):
        import torch
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        logging.disable(logging.WARNING)  # Ax sets the level of its own loggers anew
        torch.manual_seed(seed)
        self._problem, self._asked = problem, None
        self._client = Client(random_seed=seed)
        self._client.configure_experiment(
            [RangeParameterConfig(name=name, parameter_type="float", bounds=(0.0, 1.0)) for name in problem.axes]
        )
        limits = [f"{bound.name} >= {bound.low}" for bound in problem.bounds if np.isfinite(bound.low)]
        limits += [f"{bound.name} <= {bound.high}" for bound in problem.bounds if np.isfinite(bound.high)]
        limits += [f"{name} <= {worst}" for name, worst in zip(problem.wanted, problem.reference, strict=False)]
        self._client.configure_optimization(", ".join(f"-{name}" for name in problem.wanted), limits or None)
        self._client.configure_generation_strategy(
            initialization_budget=problem.starts, initialize_with_center=False, initialization_random_seed=seed
        )

    def tell(self, unit, fields):
        index = self._asked
        if index is None:
            index = self._client.attach_trial(dict(zip(self._problem.axes, map(float, unit), strict=True)))
        self._asked = None
        if not np.isfinite(list(fields.values())).all():
            self._client.mark_trial_failed(index)
            return
        known = [*self._problem.wanted, *(bound.name for bound in self._problem.bounds)]
        sigma = self._problem.sigma
        self._client.complete_trial(index, {name: (fields[name], sigma) if sigma else fields[name] for name in known})

    def ask(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            [(self._asked, point)] = self._client.get_next_trials(1).items()
        return np.array([point[name] for name in self._problem.axes])

    def recommend(self):
        """Return the measured point that its model holds for the best."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            point, *_ = self._client.get_best_parameterization(use_model_predictions=True)
        return np.array([point[name] for name in self._problem.axes])


class Xopt:
    """ExpectedImprovementGenerator, of several objectives MOBOGenerator.

    It measures random points until a first one keeps the Bounds, without which it cannot begin.
    """

    name = "Xopt"
    packages = ("xopt", "botorch", "torch")

    def __init__(self, problem, seed):
        import torch
        from gest_api.vocs import VOCS
        from xopt.generators.bayesian import ExpectedImprovementGenerator, MOBOGenerator

        torch.manual_seed(seed)
        self._problem, self._rng = problem, np.random.default_rng([seed, 2])
        limits = {
            bound.name: ["GREATER_THAN", bound.low] if np.isfinite(bound.low) else ["LESS_THAN", bound.high]
            for bound in problem.bounds
        }
        vocs = VOCS(
            variables={name: [0.0, 1.0] for name in problem.axes},
            objectives=dict.fromkeys(problem.wanted, "MINIMIZE"),
            constraints=limits,
        )
        if problem.reference:
            reference = dict(zip(problem.wanted, problem.reference, strict=True))
            self._generator = MOBOGenerator(vocs=vocs, reference_point=reference)
        else:
            self._generator = ExpectedImprovementGenerator(vocs=vocs)
        self._kept = False

    def tell(self, unit, fields):
        import pandas as pd

        row = dict(zip(self._problem.axes, map(float, unit), strict=True)) | fields
        if self._problem.sigma:
            row |= {f"{name}_var": self._problem.sigma**2 for name in self._problem.wanted}
        self._kept |= self._problem.keeps(fields) and np.isfinite(list(fields.values())).all()
        self._generator.add_data(pd.DataFrame([row]))

    def ask(self):
        if not self._kept:
            return self._rng.random(self._problem.width)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            [point] = self._generator.generate(1)
        return np.array([point[name] for name in self._problem.axes])

    def recommend(self):
        """Return where its model's mean is best."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._generator.train_model(self._generator.data)
            found = self._generator.get_optimum()
        return found[self._problem.axes].to_numpy()[0].astype(float)


class GpCam:
    """GPOptimizer with expected improvement, trained at every step; known noise is told.

    It has neither Bounds nor fronts. Its own loop, `optimize`, would train less often and take a confidence bound.
    """

    name = "gpCAM"
    packages = ("gpcam", "fvgp")

    def __init__(self, problem, seed):
        if problem.bounds or problem.reference:
            raise NotImplementedError("gpCAM has neither outcome constraints nor several objectives")
        import loguru

        loguru.logger.remove()
        np.random.seed(seed)  # noqa: NPY002 gpCAM draws from numpy's global generator
        self._problem, self._x, self._y, self._gp = problem, [], [], None

    def tell(self, unit, fields):
        from gpcam import GPOptimizer

        value = -fields[self._problem.wanted[0]]
        self._x.append(unit)
        self._y.append(value if np.isfinite(value) else min(self._y, default=0.0))
        if len(self._y) < self._problem.starts:
            return
        x, y = np.array(self._x), np.array(self._y)
        noise = np.full(len(y), self._problem.sigma**2) if self._problem.sigma else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._gp is None:
                self._gp = GPOptimizer(x, y, noise_variances=noise)
            else:
                self._gp.tell(x[-1:], y[-1:], noise_variances=None if noise is None else noise[-1:])
            self._gp.train()

    def ask(self):
        ranges = np.array([[0.0, 1.0]] * self._problem.width)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self._gp.ask(ranges, acquisition_function="expected improvement")["x"])[0]

    def recommend(self):
        """Return the measured point with the best posterior mean."""
        x = np.array(self._x)
        return x[int(np.argmax(self._gp.posterior_mean(x)["m(x)"]))]


class _Optuna:
    """A sampler of optuna; as many starting trials as there are starts. It recommends what read best."""

    packages = ("optuna", "torch")

    def __init__(self, problem, seed):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem, self._trial = problem, None
        self._axes = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in problem.axes}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = self._sampler(optuna.samplers, problem, seed)
        self._study = optuna.create_study(sampler=sampler, directions=["minimize"] * len(problem.wanted))

    def tell(self, unit, fields):
        from optuna.trial import TrialState, create_trial

        values = [fields[name] for name in self._problem.wanted]
        broken = self._broken(fields)
        usable = np.isfinite(values).all()
        if self._trial is None:
            point = dict(zip(self._axes, map(float, unit), strict=True))
            given = {"values": values, "constraints": broken} if usable else {"state": TrialState.FAIL}
            self._study.add_trial(create_trial(params=point, distributions=self._axes, **given))
            return
        for name, value in broken.items():
            self._trial.set_constraint(name, value)
        self._study.tell(self._trial, values if usable else None, TrialState.COMPLETE if usable else TrialState.FAIL)
        self._trial = None

    def _broken(self, fields):
        """Return by how much each end of each Bound is broken; negative where it is kept."""
        low = {f"{b.name} low": b.low - fields[b.name] for b in self._problem.bounds if np.isfinite(b.low)}
        return low | {f"{b.name} high": fields[b.name] - b.high for b in self._problem.bounds if np.isfinite(b.high)}

    def ask(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._trial = self._study.ask(self._axes)
        return np.array([self._trial.params[name] for name in self._axes])

    def recommend(self):
        """Return the trial that it calls the best."""
        point = self._study.best_trial.params
        return np.array([point[name] for name in self._axes])


class OptunaGp(_Optuna):
    """optuna's GPSampler."""

    name = "optuna GP"

    def _sampler(self, samplers, problem, seed):
        return samplers.GPSampler(seed=seed, n_startup_trials=problem.starts, deterministic_objective=not problem.sigma)


class OptunaTpe(_Optuna):
    """optuna's TPESampler."""

    name = "optuna TPE"

    def _sampler(self, samplers, problem, seed):
        return samplers.TPESampler(seed=seed, n_startup_trials=problem.starts)
