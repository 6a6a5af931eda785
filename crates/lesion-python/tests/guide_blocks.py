"""The blocks of code of a page of the guide, and what they print."""

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
REST = "…"
"""A line that stands for any lines."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """The language and the text of each block."""
    return _FENCE.findall(page.read_text(encoding="utf-8"))


def run_block(code: str, names: dict[str, Any]) -> str:
    """Runs a block, and returns what it prints, with the value of its last expression."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.parse(code), "block", "exec"), names)
    return printed.getvalue()


def shows(expected: str, printed: str) -> bool:
    """Whether a page shows what was printed. Numbers may differ by a hundredth of their size."""
    lines, found = expected.splitlines(), printed.splitlines()
    if REST not in lines:
        return len(lines) == len(found) and all(map(_is_same, lines, found))
    place = lines.index(REST)
    before, after = lines[:place], lines[place + 1 :]
    if not all(map(_is_same, before, found)) or len(found) < len(before):
        return False
    rest = found[len(before) :]
    starts = range(len(rest) + 1)
    return any(shows("\n".join(after), "\n".join(rest[start:])) for start in starts)


def _is_same(expected: str, found: str) -> bool:
    if _NUMBER.sub("#", expected).split() != _NUMBER.sub("#", found).split():
        return False
    pairs = zip(_NUMBER.findall(expected), _NUMBER.findall(found), strict=True)
    return all(abs(float(a) - float(b)) <= 0.01 * abs(float(a)) + 1e-6 for a, b in pairs)
