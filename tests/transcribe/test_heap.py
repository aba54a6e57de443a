"""What is freed is kept while hearing, and given back afterwards: in a process of its own, since
threads of one that has had some already go on with heaps of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from transcribe import heap

pytestmark = pytest.mark.skipif(not heap._has_glibc(), reason="this C library is not glibc")
SCRIPT = """
import json, resource
from threading import Thread
from transcribe import heap

def faults():
    "Pages that the kernel had to find while a thread took and freed 80 MiB again and again."
    def work():
        for _ in range(10):
            bytearray(80 << 20)[::4096]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    thread = Thread(target=work)
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():
    "MiB of this process's memory."
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

heap.share()
handed_back = faults()
with heap.kept():
    faults()
    kept, held_then = faults(), held()
print(json.dumps([handed_back, kept, faults(), held_then, held()]))
"""


def test_while_kept_the_kernel_is_asked_once_and_afterwards_gets_it_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    handed_back, kept, again, held, left = json.loads(done.stdout)
    assert kept < handed_back / 4
    assert again > handed_back / 2
    assert left < held - 60
