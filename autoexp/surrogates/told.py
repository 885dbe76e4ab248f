"""What a model was told, kept as one table that grows."""

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.parameters import Data


class Told:
    """Observations in the order in which they came; to add one is cheap.

    Parameters
    ----------
    data
        The first of them.
    """

    def __init__(self, data: Data) -> None:
        self._rows = [np.column_stack([data.x, data.y, data.variance])]

    def add(self, row: FloatArray) -> None:
        """Add a point, its value and the value's variance, shape ``(1, d + 2)``."""
        self._rows.append(row)

    def table(self) -> FloatArray:
        """Return points, values and variances, shape ``(n, d + 2)``."""
        if len(self._rows) > 1:
            self._rows = [np.vstack(self._rows)]
        return self._rows[0]

    def reset(self, table: FloatArray) -> None:
        """Forget all but an earlier table."""
        self._rows = [table]

    def data(self) -> Data:
        """Return a copy of them."""
        table = self.table()
        return Data(table[:, :-2].copy(), table[:, -2].copy(), table[:, -1].copy())
