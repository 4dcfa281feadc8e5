"""Python sources without comments and docstrings, line numbers kept: what the router sends.

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
