"""Which names a piece of code binds, and which it needs from outside: what `course lint` proves its rules with.

Python's own symbol tables answer for each top-level statement; the order of the statements does the rest. Code that
runs at once (also a comprehension's) needs its names bound before; the body of a function needs them by its end.
"""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass

_AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}  # scopes that run where they stand
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Assert, ast.Return, ast.Raise, ast.Delete)


@dataclass(frozen=True)
class Names:
    """`binds`: names bound at top level. `needs`: names that must come from elsewhere, builtins among them."""

    binds: frozenset[str]
    needs: frozenset[str]


def survey(source: str) -> Names:
    """What `source`, plain Python, binds and needs.

    Raises:
        SyntaxError: `source` does not parse.

    >>> names = survey("total = total + sum(x for x in data)")
    >>> sorted(names.needs), sorted(names.binds)
    (['data', 'sum', 'total'], ['total'])
    """
    bound: set[str] = set()
    needs: set[str] = set()
    later: set[str] = set()
    for statement in ast.parse(source).body:
        binds, at_once, deferred = _names(statement)
        walrus = any(isinstance(node, ast.NamedExpr) for node in ast.walk(statement))
        own = set() if isinstance(statement, _SIMPLE) and not walrus else binds  # `x = x + 1` needs an x before it
        needs |= at_once - bound - own
        later |= deferred
        bound |= binds
    return Names(frozenset(bound), frozenset(needs | (later - bound)))


def _names(statement: ast.stmt) -> tuple[set[str], set[str], set[str]]:
    """What one statement binds at top level, needs when it runs, and needs when a function in it is called."""
    binds: set[str] = set()
    at_once: set[str] = set()
    deferred: set[str] = set()
    augmented = {
        node.target.id
        for node in ast.walk(statement)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }

    def visit(table: symtable.SymbolTable, top: bool, called: bool) -> None:
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if not (top or symbol.is_global()):
                continue
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                binds.add(name)
            if symbol.is_referenced() or (top and name in augmented):
                (deferred if called else at_once).add(name)
        for child in table.get_children():
            runs_later = str(child.get_type()) == "function" and child.get_name() not in _AT_ONCE
            visit(child, False, called or runs_later)

    code = ast.unparse(ast.Module([statement], []))
    visit(symtable.symtable(code, "<cell>", "exec"), True, False)
    return binds, at_once, deferred


def is_star_import(source: str) -> bool:
    """Whether `source` imports `*` from anywhere, so that nobody can tell what it binds."""
    nodes = ast.walk(ast.parse(source))
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in nodes)
