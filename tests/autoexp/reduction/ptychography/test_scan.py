"""The patterns of a scan."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.reduction import Frames
from autoexp.reduction.ptychography.scan import Pattern, Scan, amplitudes_of, key_of


def patterns(n):
    return [Pattern(key_of(i, 0.5 * i, 0), (i, i), (0.0, 0.0), torch.full((4, 4), float(i))) for i in range(n)]


@settings(max_examples=30)
@given(st.permutations(range(12)), st.integers(0, 12), st.integers(1, 15))
def test_what_is_kept_does_not_depend_on_the_order_or_on_who_saw_it(order, cut, capacity):
    some = patterns(12)
    whole = Scan(capacity).add(some, False)
    shuffled = [some[i] for i in order]
    joined = Scan(capacity).add(shuffled[:cut], False).merge(Scan(capacity).add(shuffled[cut:], False))
    assert [each.corner for each in joined.patterns] == [each.corner for each in whole.patterns]
    assert (joined.n_frames, joined.dropped) == (12, max(0, 12 - capacity))


def test_halves_are_about_equal():
    assert sum(each.half for each in patterns(1000)) == pytest.approx(500, abs=80)


def test_the_mean_is_that_of_known_counts():
    frames = torch.tensor([[[4.0, 9.0], [0.0, 1.0]], [[16.0, 1.0], [2.0, 1.0]]])
    valid = torch.tensor([[[True, True], [True, False]], [[True, False], [True, False]]])
    roots = amplitudes_of(Frames(frames, None, valid))
    scan = Scan(9).add([Pattern(i, (0, 0), (0.0, 0.0), root) for i, root in enumerate(roots)], True)
    assert torch.fft.fftshift(scan.mean().square()).flatten().tolist() == pytest.approx([10.0, 9.0, 1.0, 0.0])
    assert scan.masked


def test_zero_frequency_comes_first():
    frame = torch.zeros((1, 6, 8))
    frame[0, 3, 4] = 25.0
    assert amplitudes_of(Frames(frame))[0, 0, 0] == 5.0
