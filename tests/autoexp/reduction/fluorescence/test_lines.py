"""Lines of elements, beside the library that they come from."""

import builtins

import pytest

from autoexp.errors import ReductionError
from autoexp.reduction.fluorescence import emission

xraydb = pytest.importorskip("xraydb")


@pytest.mark.parametrize("symbol", ["K", "Fe", "Mo"])
def test_k_lines_are_those_of_xraydb(symbol):
    found, lines = emission(symbol, "K", 25.0), xraydb.xray_lines(symbol, "K")
    whole = sum(line.intensity for line in lines.values())
    assert {line.name: (line.energy, line.share) for line in found.lines} == pytest.approx(
        {name: pytest.approx((line.energy / 1e3, line.intensity / whole)) for name, line in lines.items()}
    )


def test_l_lines_of_a_shell_keep_their_ratios_and_are_all_told():
    found = {line.name: line for line in emission("Pb", "L", 20.0).lines}
    assert sum(line.share for line in found.values()) == pytest.approx(1.0)
    shells = [xraydb.xray_lines("Pb", shell) for shell in ("L1", "L2", "L3")]
    assert set(found) == {name for lines in shells for name in lines}
    for lines in shells:
        strengths = [found[name].share / line.intensity for name, line in lines.items()]
        assert strengths == pytest.approx([strengths[0]] * len(strengths))


def test_the_l_series_of_lead_is_as_tabulated():
    """X-ray Data Booklet (LBNL, 2009), table 1-3, relative to Lα1; good to some percent for these lines."""
    found = {line.name: line.share for line in emission("Pb", "L", 20.0).lines}
    assert found["La2"] / found["La1"] == pytest.approx(0.11, rel=0.1)
    assert found["Lb1"] / found["La1"] == pytest.approx(0.66, rel=0.1)
    assert found["Lg1"] / found["La1"] == pytest.approx(0.14, rel=0.1)


def test_a_beam_between_two_edges_excites_only_the_lower_shell():
    l2, l3 = (xraydb.xray_edge("Pb", shell).energy / 1e3 for shell in ("L2", "L3"))
    between = emission("Pb", "L", (l2 + l3) / 2)
    assert {line.name for line in between.lines} == set(xraydb.xray_lines("Pb", "L3"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("Xx", "K", 12.0), "an element must be a symbol that xraydb knows, got 'Xx'"),
        (("Fe", "M", 12.0), "a family of lines must be one of 'K', 'L', got 'M' for 'Fe'"),
        (("Pb", "L", 12.0), "the beam must be above the edge of L3, got 12 keV, edge 13.035 keV for 'Pb'"),
        (("H", "K", 12.0), "an element must emit Kα, got no such line for 'H'"),
        (("H", "L", 12.0), "the beam must be above the edge of L3, got 12 keV, edge none for 'H'"),
    ],
)
def test_what_is_not_emitted_is_refused(asked, told):
    with pytest.raises(ReductionError, match=f"^{told}$"):
        emission(*asked)


def test_without_xraydb_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "xraydb":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ReductionError, match=r"pip install autoexp\[fluorescence\]"):
        emission("Fe", "K", 12.0)
