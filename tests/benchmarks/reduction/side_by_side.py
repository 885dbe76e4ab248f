"""Reducers and the accepted packages, in turn, on the same input, in one process.

``python tests/benchmarks/reduction/side_by_side.py --output table.md``; process CPU time on one thread, best
of many calls; needs the extra ``peers``. The floor is the longer of two times that this machine's memory and
arithmetic need: to hand over the bytes that must be read, and to do the sums that must be done.
Each of `TOPICS` is a module beside this one with a function ``cases``.
"""

import argparse
import os
from importlib import import_module
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import torch  # noqa: E402
from timing import arithmetic, bandwidth, cpu_seconds  # noqa: E402

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", default=TOPICS, help=f"of {', '.join(TOPICS)}; all by default")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--seconds", type=float, default=1.5, help="wall time for each measurement")
    options = parser.parse_args()
    torch.set_num_threads(1)
    speed, sums = bandwidth(), arithmetic()
    rows = [
        "| reduction | peer | peer (ms) | here (ms) | ratio | wanted | floor (ms) | here / floor |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for topic in options.topics:
        for case in import_module(topic).cases():
            theirs, ours = cpu_seconds(case.peer, options.seconds), cpu_seconds(case.ours, options.seconds)
            floor = max(case.bytes_read / speed, case.operations / sums)
            times = f"{theirs * 1e3:.2f} | {ours * 1e3:.2f} | {theirs / ours:.1f} | {case.wanted:g}"
            rows.append(f"| {case.name} | {case.peer_name} | {times} | {floor * 1e3:.3f} | {ours / floor:.1f} |")
            print(rows[-1], flush=True)
    rows.append(
        f"\nMemory was read at {speed / 1e9:.1f} GB/s; float32 matrices were multiplied at {sums / 1e9:.0f} GFLOP/s."
    )
    table = "\n".join(rows)
    print(table)
    if options.output:
        options.output.write_text(table + "\n")


if __name__ == "__main__":
    main()
