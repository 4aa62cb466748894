"""Our QR codes are those of another encoder, module by module."""

import random

import pytest
import qrcode
import qrcode.util

from onetime_cli import qr

SIZES = sorted(
    {1, 60, 213, *(qr.capacity(n) for n in range(1, 11)), *(qr.capacity(n) + 1 for n in range(1, 10))}
)


def theirs(data: bytes, mask: int) -> qr.Matrix:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=mask)
    code.add_data(qrcode.util.QRData(data, mode=qrcode.util.MODE_8BIT_BYTE), optimize=0)
    code.make(fit=True)
    return [[bool(cell) for cell in row] for row in code.modules]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mask", range(8))
def test_every_version_and_mask_is_the_same(size, mask):
    data = random.Random(size).randbytes(size)
    assert qr.symbol(data, mask) == theirs(data, mask)


def test_the_correction_bytes_of_the_standard_come_out():
    """ISO/IEC 18004, annex I: version 1-M around 01234567."""
    data = bytes.fromhex("10200c5661 80ec11ec11ec11ec11ec11")
    assert qr.correction(data, 10).hex() == "a524d4c1ed36c7872c55"


def test_the_mask_that_reads_best_is_chosen():
    data = b"https://secrets.example.com/secret#OnetimeSecretExampleKey12345678"
    best = min(qr.penalty(qr.symbol(data, mask)) for mask in range(8))
    assert qr.penalty(qr.symbol(data)) == best


def test_a_text_that_does_not_fit_is_refused():
    qr.symbol(b"x" * 213)
    with pytest.raises(qr.TooLong):
        qr.symbol(b"x" * 214)


def test_a_terminal_gets_two_rows_a_line_and_a_quiet_zone():
    lines = qr.for_terminal(qr.symbol(b"x")).splitlines()
    assert len(lines) == (21 + 8 + 1) // 2
    assert {len(line.removeprefix("\x1b[97;40m").removesuffix("\x1b[0m")) for line in lines} == {29}
    assert set(lines[0]) & set("█▀▄") == {"█"}
