"""Says whether a stripped Python source is the same program as the source that it came from.

Same means: the same syntax tree but for docstrings, and every node on the same lines. Columns may differ. In a module
what is assigned to DOCUMENTATION, EXAMPLES or RETURN may have become '' if nothing else in the source has that name in it.
"""

import ast

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstring(node):
    """The statement that is the node's docstring, if it has one."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


DOCUMENTATION = ('DOCUMENTATION', 'EXAMPLES', 'RETURN')


def documentation(tree):
    """{name: the constants that it is assigned} of those names that occur nowhere else in the tree."""
    found, other = {}, set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.value, ast.Constant):
            target, value = statement.targets[0], statement.value
            if isinstance(target, ast.Name) and target.id in DOCUMENTATION and isinstance(value.value, str):
                found.setdefault(target.id, []).append(value)
                continue
        quiet = set(docstring(n) for n in ast.walk(statement) if isinstance(n, DOCUMENTED))
        quiet = set(s.value for s in quiet if s)
        for node in ast.walk(statement):
            text = getattr(node, 'id', None) or getattr(node, 'attr', None) or getattr(node, 'value', None)
            if node not in quiet and isinstance(text, str):
                other.update(name for name in DOCUMENTATION if name in text)
    return dict((name, values) for name, values in found.items() if name not in other)


def blank_documentation(tree):
    """Empties what the stripper may empty, in place."""
    for values in documentation(tree).values():
        for value in values:
            value.value = ''
            value.end_lineno = value.lineno


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


def is_blank(node):
    """An assignment of ''; one of documentation ends earlier than it did."""
    value = getattr(node, 'value', None)
    return isinstance(node, ast.Assign) and isinstance(value, ast.Constant) and value.value == ''


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
                    if not (attribute == 'end_lineno' and is_blank(one) and is_blank(other)):
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
