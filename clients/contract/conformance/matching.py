"""Patterns: JSON with a few operators, compared with JSON that came."""

import json


def complaint(pattern, value, where=""):
    """Why the value does not match the pattern, in a few words; None if it does.

    Objects have just the members of their pattern, in any order. Operators are objects with one member: `$any`,
    `$oneOf`, `$between`, `$contains`, `$has`, `$absentOr`.
    """
    operator = _operator(pattern)
    if operator:
        return operator(pattern, value, where)
    if isinstance(pattern, dict):
        return _object(pattern, value, where, exact=True)
    if isinstance(pattern, list):
        return _array(pattern, value, where)
    if isinstance(pattern, bool) or isinstance(value, bool) or pattern is None or value is None:
        same = pattern is value
    elif isinstance(pattern, str) or isinstance(value, str):
        same = isinstance(pattern, str) and isinstance(value, str) and pattern == value
    else:
        same = not isinstance(value, (dict, list)) and pattern == value
    return None if same else _differs(where, pattern, value)


def _operator(pattern):
    if isinstance(pattern, dict) and len(pattern) == 1:
        return _OPERATORS.get(next(iter(pattern)))
    return None


def _differs(where, expected, found):
    return f"{where or 'it'}: expected {shown(expected)}, got {shown(found)}"


def shown(value, limit=300):
    """A value as short JSON text."""
    text = value if isinstance(value, str) and value.startswith("<") else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 40]}… ({len(text)} characters)"


def _object(pattern, value, where, exact):
    if not isinstance(value, dict):
        return _differs(where, pattern, value)
    for key, inner in pattern.items():
        optional = isinstance(inner, dict) and list(inner) == ["$absentOr"]
        if key not in value:
            if not optional:
                return f"{where or 'it'}: {key!r} is missing in {shown(value)}"
        elif found := complaint(inner, value[key], f"{where}.{key}" if where else key):
            return found
    extra = [key for key in value if key not in pattern]
    if exact and extra:
        return f"{where or 'it'}: unexpected {extra[0]!r} in {shown(value)}"
    return None


def _array(pattern, value, where):
    if not isinstance(value, list):
        return _differs(where, pattern, value)
    for index, (inner, element) in enumerate(zip(pattern, value)):
        if found := complaint(inner, element, f"{where}[{index}]"):
            return found
    if len(pattern) != len(value):
        return f"{where or 'it'}: expected {len(pattern)} elements, got {len(value)}: {shown(value)}"
    return None


def _any(pattern, value, where):
    return None


def _one_of(pattern, value, where):
    complaints = [complaint(choice, value, where) for choice in pattern["$oneOf"]]
    return None if None in complaints else _differs(where, pattern, value)


def _between(pattern, value, where):
    low, high = pattern["$between"]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return None if is_number and low <= value <= high else _differs(where, pattern, value)


def _contains(pattern, value, where):
    return None if isinstance(value, str) and pattern["$contains"] in value else _differs(where, pattern, value)


def _has(pattern, value, where):
    return _object(pattern["$has"], value, where, exact=False)


def _absent_or(pattern, value, where):
    return complaint(pattern["$absentOr"], value, where)


_OPERATORS = {
    "$any": _any,
    "$oneOf": _one_of,
    "$between": _between,
    "$contains": _contains,
    "$has": _has,
    "$absentOr": _absent_or,
}
