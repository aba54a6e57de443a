"""What is freed is kept while hearing, and given back afterwards; on glibc."""

import resource
from threading import Thread

import numpy as np
import pytest

from transcribe import heap
from transcribe.tuning import peak_mib

pytestmark = pytest.mark.skipif(not heap._has_glibc(), reason="this C library is not glibc")
MIB = 2**20


def faults() -> int:
    """Pages that the kernel had to find while a thread took and freed 80 MiB again and again."""

    def work() -> None:
        for _ in range(20):
            np.ones(80 * MIB, np.uint8)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread = Thread(target=work)
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_while_kept_the_kernel_is_asked_once() -> None:
    heap.share()
    handed_back = faults()
    with heap.kept():
        faults()
        assert faults() < handed_back / 10
    assert faults() > handed_back / 2


def test_nothing_is_held_afterwards() -> None:
    with heap.kept():
        faults()
        peak = peak_mib()
        for _ in range(3):
            faults()
        assert peak_mib() < peak + 40
