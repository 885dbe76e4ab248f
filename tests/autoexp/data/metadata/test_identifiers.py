import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.data.metadata import orcid, panet, ror

ORCID, ROR = "0000-0002-1825-0097", "02e24yw40"
KNOWN_ORCIDS = (ORCID, "0000-0002-1694-233X", "0000-0001-5109-3700")
KNOWN_RORS = (ROR, "02mhbdp94", "01ggx4157")


@pytest.mark.parametrize("known", KNOWN_ORCIDS)
def test_orcids_that_exist(known):
    assert orcid(known) == orcid(f"https://orcid.org/{known}") == f"https://orcid.org/{known}"


@pytest.mark.parametrize("known", KNOWN_RORS)
def test_rors_that_exist(known):
    assert ror(known) == ror(f"https://ror.org/{known}") == f"https://ror.org/{known}"


@given(st.sampled_from([i for i, c in enumerate(ORCID) if c.isdigit()]), st.integers(1, 9))
def test_one_digit_of_an_orcid_mistyped(place, by):
    wrong = f"{ORCID[:place]}{(int(ORCID[place]) + by) % 10}{ORCID[place + 1 :]}"
    with pytest.raises(ValueError, match=r"by its checksum, got"):
        orcid(wrong)


@given(st.integers(1, 6), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_one_letter_of_a_ror_mistyped(place, letter):
    wrong = f"{ROR[:place]}{letter}{ROR[place + 1 :]}"
    if wrong != ROR:
        with pytest.raises(ValueError, match=r"by their checksum, got"):
            ror(wrong)


@pytest.mark.parametrize(("check", "wrong"), [(orcid, "Ada"), (ror, "DESY"), (panet, "saxs")])
def test_another_form(check, wrong):
    with pytest.raises(ValueError, match=rf"got '{wrong}'"):
        check(wrong)


def test_a_technique_is_a_uri():
    assert panet("PaNET01168") == "http://purl.org/pan-science/PaNET/PaNET01168"
