"""Small networks run side by side."""

import threading
import time
from collections.abc import Iterator

import pytest

from transcribe.packed import abreast


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_is_made_comes_in_order(threads: int) -> None:
    def late(n: int) -> int:
        time.sleep(0.01 * (n % 3 == 0))
        return n * n

    assert list(abreast(late, range(40), threads)) == [n * n for n in range(40)]


def test_two_are_made_at_once() -> None:
    both = threading.Barrier(2)
    assert list(abreast(lambda _: both.wait(5) < 2, range(2), 2)) == [True, True]


def test_few_are_held_at_a_time() -> None:
    taken = []

    def items() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    made = abreast(lambda n: n, items(), 2)
    assert next(made) == 0
    assert len(taken) <= 5
    made.close()  # type: ignore[attr-defined]


def test_an_error_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        list(abreast(lambda n: 1 // n, [1, 0], 2))
