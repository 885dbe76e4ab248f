"""What is to be found: black boxes over the unit cube, functions and simulated beamlines, and how far a search got."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from functions import ackley_shifted, branin, branin_currin, dtlz2, gramacy, hartmann6, levy, rosenbrock

from autoexp import Bound, Minimize
from autoexp.acquisition.hypervolume import hypervolume, nondominated


@dataclass(frozen=True)
class Truth:
    """Values without noise of each field at a point, and the best there is: the least value, or the greatest volume."""

    at: Callable[[np.ndarray], dict[str, float]]
    ideal: float


@dataclass(frozen=True)
class Problem:
    """A black box: each field that is wanted is minimised; a reading may be NaN, which is a failed one.

    `truth` depends on the seed where a problem has instances. Readings have normal noise of `sigma`.
    """

    name: str
    width: int
    points: int
    truth: Callable[[int], Truth]
    objectives: tuple[Minimize | Bound, ...] = (Minimize("f"),)
    sigma: float = 0.0
    reference: tuple[float, ...] = ()

    @property
    def starts(self) -> int:
        return 2 * self.width + 1

    @property
    def wanted(self) -> list[str]:
        return [objective.name for objective in self.objectives if isinstance(objective, Minimize)]

    @property
    def bounds(self) -> list[Bound]:
        return [objective for objective in self.objectives if isinstance(objective, Bound)]

    @property
    def axes(self) -> list[str]:
        return [f"x{index}" for index in range(self.width)]

    def keeps(self, fields):
        return all(bound.low <= fields[bound.name] <= bound.high for bound in self.bounds)

    def regret(self, truth, units, readings):
        """Return how much worse than the best there is the point with the best reading is, in truth.

        Infinite where no point keeps the Bounds. Of several objectives: the volume that is not yet dominated.
        """
        if len(self.wanted) > 1:
            values = -np.array([[fields[name] for name in self.wanted] for fields in readings])
            front = values[nondominated(values)]
            return truth.ideal - hypervolume(front, -np.array(self.reference))
        [name] = self.wanted
        kept = [fields[name] if self.keeps(fields) else math.nan for fields in readings]
        if not np.isfinite(kept).any():
            return math.inf
        return self.regret_at(truth, units[int(np.nanargmin(kept))])

    def regret_at(self, truth, unit):
        """Return the regret of one point, in truth; infinite where it breaks a Bound."""
        fields = truth.at(unit)
        value = fields[self.wanted[0]]
        return value - truth.ideal if self.keeps(fields) and math.isfinite(value) else math.inf


def _function(at, ideal):
    return lambda seed: Truth(lambda unit: {"f": at(unit)}, ideal)


def _fields(at, ideal, names):
    return lambda seed: Truth(lambda unit: dict(zip(names, at(unit), strict=True)), ideal)


def _scene(make, seed):
    """Return the noise-free readings of a Scene, mounted as badly as `seed` says."""
    beamline = make(seed=seed)
    scene, dofs = beamline.scene, beamline.dofs

    def at(unit):
        motors = {dof.name: np.array([dof.low + (dof.high - dof.low) * u]) for dof, u in zip(dofs, unit, strict=True)}
        return {name: float(values[0]) for name, values in scene.expected(motors).items()}

    return Truth(at, float(scene.truth()["spot_size"]))


def _mirrors(seed):
    from autoexp_simulators.beamlines import mirrors_beamline

    return _scene(mirrors_beamline, seed)


def _kb(seed):
    from autoexp_simulators.kb_slits import kb_beamline

    return _scene(kb_beamline, seed)


_BRANIN, _HARTMANN6 = _function(branin, 0.39788735772973816), _function(hartmann6, -3.322368011415515)
_TWO = (Minimize("f"), Minimize("g"))
_BRANIN_CURRIN = _fields(branin_currin, 59.36011874867746, ("f", "g"))
_GRAMACY = (Minimize("f"), Bound("wave", high=0.0), Bound("disc", high=0.0))

PROBLEMS = (
    Problem("Branin", 2, 30, _BRANIN),
    Problem("Branin, noise 2", 2, 30, _BRANIN, sigma=2.0),
    Problem("Hartmann6", 6, 30, _HARTMANN6),
    Problem("Hartmann6, noise 0.1", 6, 30, _HARTMANN6, sigma=0.1),
    Problem("Ackley 4-D, shifted", 4, 30, _function(ackley_shifted, 0.0)),
    Problem("Levy 4-D", 4, 30, _function(levy, 0.0)),
    Problem("Levy 10-D", 10, 40, _function(levy, 0.0)),
    Problem("Rosenbrock 4-D", 4, 30, _function(rosenbrock, 0.0)),
    Problem("Rosenbrock 10-D", 10, 40, _function(rosenbrock, 0.0)),
    Problem("Gramacy, 2 bounds", 2, 30, _fields(gramacy, 0.5997880521662908, ("f", "wave", "disc")), _GRAMACY),
    Problem("Branin-Currin, volume", 2, 30, _BRANIN_CURRIN, _TWO, reference=(18.0, 6.0)),
    Problem("DTLZ2 6-D, volume", 6, 30, _fields(dtlz2, 1.21 - math.pi / 4.0, ("f", "g")), _TWO, reference=(1.1, 1.1)),
    Problem("mirrors, 4 motors", 4, 30, _mirrors, (Minimize("spot_size"),)),
    Problem("kb, 10 motors, a bound", 10, 40, _kb, (Minimize("spot_size"), Bound("spot_sum", low=5e4))),
)
