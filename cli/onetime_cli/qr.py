"""QR codes for a terminal: byte mode, error correction M, versions 1 to 10 (ISO/IEC 18004)."""

from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from typing import Final, NamedTuple

Matrix = list[list[bool]]
Cell = tuple[int, int]


class Version(NamedTuple):
    """Correction bytes in each block, (blocks, data bytes) of one or two kinds, alignment centres."""

    correction: int
    blocks: tuple[tuple[int, int], ...]
    alignment: tuple[int, ...]


VERSIONS: Final = (
    Version(10, ((1, 16),), ()),
    Version(16, ((1, 28),), (6, 18)),
    Version(26, ((1, 44),), (6, 22)),
    Version(18, ((2, 32),), (6, 26)),
    Version(24, ((2, 43),), (6, 30)),
    Version(16, ((4, 27),), (6, 34)),
    Version(18, ((4, 31),), (6, 22, 38)),
    Version(22, ((2, 38), (2, 39)), (6, 24, 42)),
    Version(22, ((3, 36), (2, 37)), (6, 26, 46)),
    Version(26, ((4, 43), (1, 44)), (6, 28, 50)),
)

MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _column: row % 2 == 0,
    lambda _row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)


class TooLong(ValueError):
    """The text does not fit into version 10."""


# Bytes


def _tables() -> tuple[list[int], list[int]]:
    """Powers and logarithms in the field of 256 elements with the polynomial 0x11D."""
    powers, logarithms, value = [0] * 510, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return powers, logarithms


_POWERS, _LOGARITHMS = _tables()


def _times(one: int, other: int) -> int:
    return _POWERS[_LOGARITHMS[one] + _LOGARITHMS[other]] if one and other else 0


def correction(data: bytes, count: int) -> bytes:
    """The `count` Reed-Solomon bytes of a block."""
    generator = [1]
    for exponent in range(count):
        shifted = [*generator, 0]
        generator = [
            a ^ b
            for a, b in zip(shifted, [0, *(_times(c, _POWERS[exponent]) for c in generator)], strict=True)
        ]
    rest = [0] * count
    for byte in data:
        factor = byte ^ rest[0]
        rest = [a ^ _times(b, factor) for a, b in zip([*rest[1:], 0], generator[1:], strict=True)]
    return bytes(rest)


def _codewords(data: bytes, number: int) -> bytes:
    """Data and correction bytes of the whole symbol, blocks interleaved."""
    version = VERSIONS[number - 1]
    room = sum(count * size for count, size in version.blocks)
    length_bits = 8 if number < 10 else 16  # noqa: PLR2004 - from version 10 on
    value = (0b0100 << length_bits | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    bits = 4 + length_bits + 8 * len(data)
    padding = min(4, 8 * room - bits)
    bits += padding
    value <<= padding + -bits % 8
    filled = value.to_bytes(-(-bits // 8), "big")
    filled += bytes([0xEC, 0x11] * room)[: room - len(filled)]
    blocks, at = [], 0
    for count, size in version.blocks:
        for _ in range(count):
            blocks.append(filled[at : at + size])
            at += size
    corrections = [correction(block, version.correction) for block in blocks]
    return bytes([*_interleaved(blocks), *_interleaved(corrections)])


def _interleaved(blocks: list[bytes]) -> Iterator[int]:
    for place in range(max(map(len, blocks))):
        yield from (block[place] for block in blocks if place < len(block))


# Modules


def _remainder(value: int, bits: int, polynomial: int) -> int:
    """`value` with its `bits` BCH bits behind it."""
    rest = value << bits
    for shift in range(rest.bit_length() - 1, bits - 1, -1):
        if rest >> shift & 1:
            rest ^= polynomial << shift - bits
    return value << bits | rest


def _patterns(number: int, mask: int) -> dict[Cell, bool]:
    """Every module that carries no data: finders, timing, alignment, format, version."""
    size = 17 + 4 * number
    fixed: dict[Cell, bool] = {}
    for place in range(8, size - 8):
        fixed[6, place] = fixed[place, 6] = place % 2 == 0
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                if 0 <= top + row < size and 0 <= left + column < size:
                    ring = max(abs(row - 3), abs(column - 3))
                    fixed[top + row, left + column] = ring not in (2, 4)
    centres = VERSIONS[number - 1].alignment
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for centre in ((a, b) for a in centres for b in centres if (a, b) not in corners):
        for row in range(-2, 3):
            for column in range(-2, 3):
                fixed[centre[0] + row, centre[1] + column] = max(abs(row), abs(column)) != 1
    return fixed | _format(size, mask) | _version(number, size)


def _format(size: int, mask: int) -> dict[Cell, bool]:
    """Twice the 15 bits that name the correction (M is 0) and the mask, and the one dark module."""
    bits = _remainder(0b00 << 3 | mask, 10, 0x537) ^ 0x5412
    one = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    other = [(row, 8) for row in range(size - 1, size - 8, -1)] + [
        (8, column) for column in range(size - 8, size)
    ]
    cells = {cell: bool(bits >> 14 - place & 1) for half in (one, other) for place, cell in enumerate(half)}
    return cells | {(size - 8, 8): True}


def _version(number: int, size: int) -> dict[Cell, bool]:
    if number < 7:  # noqa: PLR2004 - smaller ones are told by their size
        return {}
    bits = _remainder(number, 12, 0x1F25)
    cells = {}
    for place in range(18):
        row, column = place // 3, size - 11 + place % 3
        cells[row, column] = cells[column, row] = bool(bits >> place & 1)
    return cells


def _zigzag(size: int) -> Iterator[Cell]:
    """Where the data goes: columns in pairs from the right, up and down in turn."""
    upwards = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for row in range(size - 1, -1, -1) if upwards else range(size):
            yield row, right
            yield row, right - 1
        upwards = not upwards


def symbol(data: bytes, mask: int | None = None) -> Matrix:
    """The QR code of `data`, True for dark. Without a `mask`, the one that reads best. Raises TooLong."""
    number = next((n for n in range(1, len(VERSIONS) + 1) if len(data) <= capacity(n)), None)
    if number is None:
        raise TooLong(f"more than {capacity(len(VERSIONS))} bytes")
    if mask is not None:
        return _masked(data, number, mask)
    return min((_masked(data, number, m) for m in range(len(MASKS))), key=penalty)


def capacity(number: int) -> int:
    """The bytes that fit into a version."""
    room = sum(count * size for count, size in VERSIONS[number - 1].blocks)
    return room - (2 if number < 10 else 3)  # noqa: PLR2004 - the length takes a byte more from 10 on


def _masked(data: bytes, number: int, mask: int) -> Matrix:
    size = 17 + 4 * number
    fixed = _patterns(number, mask)
    codewords = _codewords(data, number)
    bits = (bool(byte >> 7 - place & 1) for byte in codewords for place in range(8))
    cells = dict(fixed)
    for cell in _zigzag(size):
        if cell not in fixed:
            cells[cell] = next(bits, False) ^ MASKS[mask](*cell)
    return [[cells[row, column] for column in range(size)] for row in range(size)]


def penalty(matrix: Matrix) -> int:
    """How badly a symbol reads: long runs, blocks, false finders, too much of one colour."""
    columns = [list(column) for column in zip(*matrix, strict=True)]
    runs = [len(list(run)) for line in (*matrix, *columns) for _dark, run in groupby(line)]
    points = sum(length - 2 for length in runs if length >= 5)  # noqa: PLR2004 - 3 points from 5 on
    for above, below in pairwise(matrix):
        quads = zip(above, above[1:], below, below[1:], strict=False)
        points += sum(3 for quad in quads if len(set(quad)) == 1)
    for line in (*matrix, *columns):
        text = "".join("#" if dark else "." for dark in line)
        places = range(len(text) - 10)
        points += sum(40 for at in places if text[at : at + 11] in ("#.###.#....", "....#.###.#"))
    share = 100 * sum(map(sum, matrix)) // len(matrix) ** 2
    return points + 10 * (abs(share - 50) // 5)


def for_terminal(matrix: Matrix) -> str:
    """Two rows a line, white on black ground as most terminals have it, with the quiet zone of 4."""
    size = len(matrix) + 8
    blank = [[False] * size]
    rows = blank * 4 + [[False] * 4 + row + [False] * 4 for row in matrix] + blank * 4
    if len(rows) % 2:
        rows += blank
    glyphs = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    lines = (
        "".join(glyphs[pair] for pair in zip(*two, strict=True))
        for two in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in lines) + "\n"
