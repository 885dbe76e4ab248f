import inspect

import pytest

from autoexp import errors
from autoexp.errors import AutoexpError, AutoexpWarning, listed

raised = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, Exception) and not issubclass(found, Warning)
]
warned = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Warning)]


@pytest.mark.parametrize("error", raised)
def test_one_name_catches_every_error(error):
    assert issubclass(error, AutoexpError)
    assert error.__name__.endswith("Error")


@pytest.mark.parametrize("error", [found for found in raised if found is not AutoexpError])
def test_errors_are_also_what_python_calls_them(error):
    assert issubclass(error, ValueError | RuntimeError | LookupError | EOFError)


@pytest.mark.parametrize("warning", warned)
def test_one_name_filters_every_warning(warning):
    assert issubclass(warning, AutoexpWarning)
    assert warning.__name__.endswith("Warning")


def test_lists_are_readable():
    assert listed(["x", "y"]) == "'x', 'y'"
    assert listed([]) == "nothing"
