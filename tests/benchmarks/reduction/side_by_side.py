"""Reducers and the accepted packages, in turn, on the same input, in one process.

``python tests/benchmarks/reduction/side_by_side.py --output table.md``; process CPU time on one thread, best
of many calls; with ``--device cuda`` the reducers run there, and their times are those between two events of the
device. Peers are in the extra ``peers``; where one is not installed its columns stay empty. The floor is the longer of
two times that the device's memory and arithmetic need: to hand over the bytes that must be read, and to do the sums
that must be done. Each of `TOPICS` is a module beside this one with a function ``cases``.
"""

import argparse
import os
import sys
import traceback
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import torch  # noqa: E402
from timing import Case, Clock, CpuClock, Machine, clock_of, device_name, least  # noqa: E402

TOPICS = (
    "azimuthal",
    "beam",
    "drift",
    "features",
    "fluorescence",
    "quality",
    "ptychography",
    "peaks",
    "tomography",
    "xanes",
    "xpcs",
)

HEADER = (
    "| reduction | peer | peer (ms) | here (ms) | ratio | wanted | floor (ms) | here / floor |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass
class Comparison:
    """Times cases, and keeps what went wrong.

    Parameters
    ----------
    machine
        Where the reducers run.
    clock
        Of the reducers.
    seconds
        Wall time for each measurement.
    """

    machine: Machine
    clock: Clock
    seconds: float
    missing: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def row(self, case: Case) -> str:
        """Return the table's row of a case."""
        theirs, ours, floor = self._peer(case), self._ours(case), self.machine.floor(case)
        ratio = f"{theirs / ours:.1f}" if theirs and ours else ""
        times = f"{_ms(theirs, 2)} | {_ms(ours, 2)} | {ratio} | {case.wanted:g} | {_ms(floor, 3)}"
        return f"| {case.name} | {case.peer_name} | {times} | {f'{ours / floor:.1f}' if ours else ''} |"

    def rows(self, topic: str, device: str) -> list[str]:
        """Return the rows of a topic, printed as they come."""
        found = []
        try:
            for case in import_module(topic).cases(device):
                found.append(self.row(case))
                print(found[-1], flush=True)
        except ImportError as error:
            self.missing.add(error.name or topic)
        except Exception:
            self._report(topic)
        return found

    def closing(self) -> str:
        """Return what is to be said below the table."""
        told = [
            f"Memory was read at {self.machine.bandwidth / 1e9:.1f} GB/s; float32 matrices were multiplied at "
            f"{self.machine.arithmetic / 1e9:.0f} GFLOP/s."
        ]
        if self.machine.link is not None:
            told.append(f"Pinned memory was uploaded at {self.machine.link / 1e9:.1f} GB/s.")
        told += [f"Failed: {', '.join(self.failed)}."] if self.failed else []
        told.append(
            f"Not installed: {', '.join(sorted(self.missing))}." if self.missing else "All peers are installed."
        )
        return "\n".join(told)

    def _peer(self, case: Case) -> float | None:
        try:
            return least(case.peer(), self.seconds, CpuClock())
        except ImportError as error:
            self.missing.add(error.name or case.peer_name)
        except Exception:
            self._report(f"{case.peer_name} ({case.name})")
        return None

    def _ours(self, case: Case) -> float | None:
        try:
            return least(case.ours, self.seconds, self.clock)
        except Exception:
            self._report(case.name)
        return None

    def _report(self, what: str) -> None:
        self.failed.append(what)
        traceback.print_exc(file=sys.stderr)


def _ms(seconds: float | None, digits: int) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.{digits}f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", default=TOPICS, help=f"of {', '.join(TOPICS)}; all by default")
    parser.add_argument("--device", default="cpu", help="where the reducers run, as torch names it")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--seconds", type=float, default=1.5, help="wall time for each measurement")
    options = parser.parse_args()
    if torch.device(options.device).type == "cuda" and not torch.cuda.is_available():
        parser.error(f"--device must be one that torch finds, got {options.device!r}")
    torch.set_num_threads(1)
    comparison = Comparison(Machine.of(options.device), clock_of(options.device), options.seconds)
    table = [f"Here: {comparison.machine.name}; peers: one thread of {device_name('cpu')}.\n", *HEADER]
    for topic in options.topics:
        table += comparison.rows(topic, options.device)
    table += ["", comparison.closing()]
    print("\n".join(table))
    if options.output:
        options.output.write_text("\n".join(table) + "\n")
    return 1 if comparison.failed else 0


if __name__ == "__main__":
    sys.exit(main())
