"""Faults from words, as given on a command line."""

import ast

from autoexp.errors import PluginError, listed
from autoexp_simulators import faults
from autoexp_simulators.faults.hooks import Fault


def parse_fault(text: str) -> Fault:
    """Return the fault that is written as its call, ``Backlash(0.2, device='x')``, with plain values.

    Raises
    ------
    PluginError
        If it is no call of a known fault.
    AutoexpError
        If a setting breaks its rule.
    """
    known = [name for name in faults.__all__ if name != "Habits"]
    try:
        call = ast.parse(text, mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in known:
            plain = [ast.literal_eval(argument) for argument in call.args]
            named = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
            fault: Fault = getattr(faults, call.func.id)(*plain, **named)
            return fault
    except (SyntaxError, ValueError, TypeError) as error:
        raise PluginError(f"a fault must be a call with plain values, got {text!r}: {error}") from error
    raise PluginError(f"a fault must be a call of one of {listed(known)}, got {text!r}")
