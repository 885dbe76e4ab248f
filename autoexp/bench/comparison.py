"""What a comparison found: data, a table, a picture, a statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autoexp.bench.differences import Difference, paired_differences, told
from autoexp.bench.trial import Track
from autoexp.view.comparison import carried, draw_comparison

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_COLUMNS = ("score", "best", "beam_time", "travel", "decision_time")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Agents on the same Scenes.

    Parameters
    ----------
    data
        ``score`` (what the goal says), ``best`` (best value measured so far within the Bounds), ``beam_time``,
        ``travel`` and ``decision_time`` by agent, seed and point, and ``answer`` (what the goal says of the
        agent's own answer at the end) by agent and seed. NaN where a scan did not finish, the goal does not
        tell, or nothing measured so far keeps the Bounds.
    failures
        Why scans failed, one sentence each.
    """

    data: "xr.Dataset"
    failures: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, tracks: Sequence[Track], agents: Sequence[str], seeds: Sequence[int], failures: tuple[str, ...] = ()
    ) -> "Comparison":
        """Put tracks together."""
        import xarray as xr

        first, longest = tracks[0], max(len(track.score) for track in tracks)
        units = {"score": first.unit, "best": first.field_unit, "answer": first.unit} | dict.fromkeys(_COLUMNS[2:], "s")
        arrays = {name: np.full((len(agents), len(seeds), longest), np.nan) for name in _COLUMNS}
        arrays["answer"] = np.full((len(agents), len(seeds)), np.nan)
        for track in tracks:
            place = agents.index(track.name), seeds.index(track.seed)
            for name in _COLUMNS:
                column = getattr(track, name)
                arrays[name][place][: len(column)] = column
            arrays["answer"][place] = track.answer
        dims = ("agent", "seed", "point")
        return cls(
            xr.Dataset(
                {name: (dims[: array.ndim], array, {"units": units[name]}) for name, array in arrays.items()},
                {"agent": list(agents), "seed": list(seeds), "point": np.arange(1, longest + 1)},
                {"goal": first.goal, "lower_is_better": int(first.lower_is_better), "field": first.field},
            ),
            failures,
        )

    @property
    def final(self) -> "xr.DataArray":
        """The score at the end of each scan, by agent and seed."""
        return carried(self.data.score).isel(point=-1)

    def differences(self) -> list[Difference]:
        """Return every two agents' final scores against each other, paired by seed."""
        return paired_differences(self.final)

    def time_to(self, tolerance: float, *, what: str = "beam_time") -> "xr.DataArray":
        """Return what it took until the score was as good as `tolerance` for good, by agent and seed.

        Parameters
        ----------
        tolerance
            In the score's unit.
        what
            ``"beam_time"`` in seconds, or ``"point"`` for the number of points.

        Returns
        -------
            NaN where a scan did not get there, or did not stay.
        """
        score = carried(self.data.score)
        good = score <= tolerance if self.data.attrs["lower_is_better"] else score >= tolerance
        stays = good.where(score.notnull(), True)[..., ::-1].cumprod("point")[..., ::-1].astype(bool) & good
        reached: xr.DataArray = (self.data[what] + 0.0 * self.data.score.fillna(0.0)).where(stays).min("point")
        return reached

    def table(self) -> "pd.DataFrame":
        """Return medians and quartiles over seeds, a row for each agent."""
        import pandas as pd

        ends = self.data[["beam_time", "travel"]].max("point")
        each = {
            self.data.attrs["goal"]: self.final,
            "answer": self.data.answer,
            "beam time / s": ends.beam_time,
            "travel / s": ends.travel,
            "decision / s": self.data.decision_time.mean("point"),
        }
        rows = []
        for agent in self.data.agent.values:
            row: dict[str, object] = {"agent": str(agent), "seeds": int(self.final.sel(agent=agent).notnull().sum())}
            for name, values in each.items():
                found = values.sel(agent=agent).values
                found = found[np.isfinite(found)]
                quartiles = np.percentile(found, [25, 50, 75]) if len(found) else [np.nan] * 3
                row |= {f"{name} {at}": q for at, q in zip(("25 %", "median", "75 %"), quartiles, strict=True)}
            rows.append(row)
        return pd.DataFrame(rows).set_index("agent")

    def statement(self) -> str:
        """Return in words which differences are larger than the spread between seeds."""
        better = "lower" if self.data.attrs["lower_is_better"] else "higher"
        about = f"{self.data.attrs['goal']} after {self.data.sizes['point']} points, {better} is better."
        return "\n".join([about, *told(self.differences(), better), *(f"Failed: {each}." for each in self.failures)])

    def plot(self, path: str | Path) -> Path:
        """Draw score by point and by beam time to a PNG; see `autoexp.view.comparison`."""
        return draw_comparison(self.data, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write ``comparison.txt``, ``.csv``, ``.png`` and ``.nc`` to a folder, and return the folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / "comparison.txt").write_text(f"{self}\n", encoding="utf-8")
        self.table().to_csv(place / "comparison.csv")
        self.data.to_netcdf(place / "comparison.nc", engine="h5netcdf")
        self.plot(place / "comparison.png")
        return place

    def __str__(self) -> str:
        return f"{self.table().T.to_string(float_format='{:.4g}'.format)}\n\n{self.statement()}"
