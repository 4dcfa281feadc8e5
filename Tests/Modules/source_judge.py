"""Says whether a stripped Python source is the same program as the source that it came from.

Same means: the same syntax tree but for docstrings, and every node on the same lines.
"""

import ast

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstring(node):
    """The statement that is the node's docstring, if it has one."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def suite(node, field):
    """The statements of a suite, without its docstring."""
    statements = getattr(node, field)
    if field == 'body' and isinstance(node, DOCUMENTED) and docstring(node) is not None:
        return statements[1:]
    return statements


def parse(path):
    with open(path, 'rb') as file:
        source = file.read()
    return source, ast.parse(source)


def difference(before, after):
    """None, or a line that says where two trees differ."""
    work = [(before, after, 'module')]
    while work:
        one, other, where = work.pop()
        if type(one) is not type(other):
            return '%s: %s became %s' % (where, type(one).__name__, type(other).__name__)
        if isinstance(one, ast.AST):
            place = '%s at line %s' % (type(one).__name__, getattr(one, 'lineno', '?'))
            for attribute in ('lineno', 'end_lineno'):
                mine, theirs = getattr(one, attribute, None), getattr(other, attribute, None)
                # A compound statement ends where its suite ends, and a suite may have ended with its docstring.
                if mine != theirs and not (attribute == 'end_lineno' and hasattr(one, 'body')):
                    return '%s: %s %s became %s' % (place, attribute, mine, theirs)
            for field in one._fields:
                if field == 'body' and isinstance(one, DOCUMENTED):
                    mine, theirs = suite(one, field), suite(other, field)
                    if not mine and [type(node) for node in theirs] == [ast.Pass]:
                        theirs = []
                    work.append((mine, theirs, place))
                else:
                    work.append((getattr(one, field, None), getattr(other, field, None), place + ' ' + field))
        elif isinstance(one, list):
            if len(one) != len(other):
                return '%s: %d nodes became %d' % (where, len(one), len(other))
            work.extend((a, b, where) for a, b in zip(one, other))
        elif one != other:
            return '%s: %r became %r' % (where, one, other)
    return None
