"""Identifiers whose own digits tell whether they were mistyped."""

import re

_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
_ROR = re.compile(r"(?:https?://ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}\d{2})")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PANET = re.compile(r"(?:http://purl\.org/pan-science/PaNET/)?(PaNET\d{5})")


def orcid(text: str) -> str:
    """Return an ORCID iD as its URI.

    Its last character is the check of ISO 7064 mod 11-2, as
    https://support.orcid.org/hc/en-us/articles/360006897674 has it.

    Raises
    ------
    ValueError
        If it has another form, or its check fails.
    """
    found = _ORCID.fullmatch(text)
    if found is None:
        raise ValueError(f"an ORCID iD must have the form 0000-0002-1825-0097, got {text!r}")
    characters = found[1].replace("-", "")
    total, check = 0, characters[-1]
    for digit in characters[:-1]:
        total = (total + int(digit)) * 2
    expected = "0123456789X"[(12 - total % 11) % 11]
    if check != expected:
        raise ValueError(f"the last character of this ORCID iD must be {expected} by its checksum, got {text!r}")
    return f"https://orcid.org/{found[1]}"


def ror(text: str) -> str:
    """Return a ROR identifier as its URI.

    After the leading zero stand six characters of Crockford's base 32 and the check of ISO 7064 mod 97-10 on
    their number, as https://ror.readme.io/docs/identifier has it.

    Raises
    ------
    ValueError
        If it has another form, or its check fails.
    """
    found = _ROR.fullmatch(text.lower())
    if found is None:
        raise ValueError(f"a ROR must have the form https://ror.org/02e24yw40, got {text!r}")
    number = 0
    for letter in found[1][1:7]:
        number = number * 32 + _CROCKFORD.index(letter)
    expected = 98 - (number * 100) % 97
    if int(found[1][7:]) != expected:
        raise ValueError(f"the last two digits of this ROR must be {expected:02d} by their checksum, got {text!r}")
    return f"https://ror.org/{found[1]}"


def panet(text: str) -> str:
    """Return a term of the PaN ontology of experimental techniques as its URI.

    Raises
    ------
    ValueError
        If it has another form.
    """
    found = _PANET.fullmatch(text)
    if found is None:
        raise ValueError(f"a technique must be a term of the PaN ontology such as PaNET01168, got {text!r}")
    return f"http://purl.org/pan-science/PaNET/{found[1]}"
