"""Which runs of modules go together in one request."""
from types import SimpleNamespace

from mitogen_swift import together


def piece(module='copy', arguments=b'{}', content=None, **call):
    wanted = SimpleNamespace(module={'name': module}, call=call, arguments=arguments)
    return SimpleNamespace(wanted=wanted, file=None if content is None else ('/there', content))


def places(pieces):
    return [[at for at, _ in batch] for batch in together.batches(list(enumerate(pieces)))]


def test_one_program_and_one_kind_of_call_go_together():
    assert places([piece(), piece(), piece()]) == [[0, 1, 2]]
    assert places([piece('stat'), piece('file'), piece('stat'), piece('file')]) == [[0, 2], [1, 3]]
    assert places([piece(cwd='/a'), piece(), piece(cwd='/a')]) == [[0, 2], [1]]
    assert places([]) == []


def test_a_request_has_its_limits():
    half = together.BATCH_LIMIT // 2
    assert places([piece(content=b'x' * half), piece(content=b'y' * (half - 4)), piece(content=b'')]) == [[0, 1], [2]]
    assert places([piece(arguments=b'x' * half), piece(content=b'y' * half)]) == [[0], [1]]
    assert places([piece(content=b'x' * (3 * half)), piece()]) == [[0], [1]]
    many = together.BATCH_COUNT
    assert [len(batch) for batch in places([piece()] * (many + 1))] == [many, 1]
