"""Python sources without comments, docstrings and columns, line numbers kept: what the router sends.

The Swift twin is Core/Modules/PythonSource. Used by tests and by measurements; needs Python 3.
"""
import io
import tokenize


def strip(source):
    """Bytes in, bytes out. A docstring becomes `0`-free emptiness where other statements follow, else `pass`."""
    text = source.decode('utf-8')
    lines = text.splitlines(True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    cuts = []
    for at, token in enumerate(tokens):
        if token.type == tokenize.COMMENT:
            cuts.append((token.start, token.end, ''))
        elif token.type == tokenize.STRING and _is_statement(tokens, at):
            cuts.append((token.start, token.end, '' if _others_follow(tokens, at) else 'pass'))
    cuts = sorted(cuts + list(_margins(tokens, lines)))
    for (row, column), (end_row, end_column), replacement in reversed(cuts):
        if row == end_row:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + replacement + line[end_column:]
        else:
            lines[row - 1] = lines[row - 1][:column] + replacement + '\n'
            for middle in range(row, end_row - 1):
                lines[middle] = '\n'
            lines[end_row - 1] = lines[end_row - 1][end_column:]
    return '\n'.join([line.rstrip() for line in lines]).encode('utf-8')


_QUIET = (tokenize.NL, tokenize.COMMENT)
_EMPTY = _QUIET + (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def _margins(tokens, lines):
    """Cuts of the blanks before the first token of each line: one for each level stays, and none on a continued line."""
    level, begins, last_row = 0, True, 0
    for token in tokens:
        level += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.NEWLINE:
            begins = True
        if token.type in _EMPTY:
            continue
        row, column = token.start
        if row != last_row and column and not lines[row - 1][:column].strip():
            yield (row, 0), (row, column), ' ' * level if begins else ''
        begins, last_row = False, token.end[0]


def _is_statement(tokens, at):
    before = at - 1
    while before >= 0 and tokens[before].type in _QUIET:
        before -= 1
    after = tokens[at + 1]
    first = before < 0 or tokens[before].type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return first and after.type in (tokenize.NEWLINE, tokenize.COMMENT)


def _others_follow(tokens, at):
    for token in tokens[at + 1:]:
        if token.type in _QUIET or token.type == tokenize.NEWLINE:
            continue
        return token.type not in (tokenize.DEDENT, tokenize.ENDMARKER)
    return True
