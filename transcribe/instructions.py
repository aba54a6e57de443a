"""The processor's instructions that CTranslate2 uses.

It takes AVX-512 by itself on Intel's processors only. Others that have it gain from it as well: on
an AMD EPYC hearing takes some 5 % less time with it.
"""

import os
import re
from pathlib import Path

VARIABLE = "CT2_FORCE_CPU_ISA"  # CTranslate2's own; what is set by hand stays
WIDE = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
LINUX = Path("/proc/cpuinfo")


def choose() -> None:
    """Have CTranslate2 use all that the processor has; to be called before it loads a model."""
    if VARIABLE not in os.environ and has_wide():
        os.environ[VARIABLE] = "AVX512"


def has_wide(processor: Path = LINUX) -> bool:
    """Whether every kind of AVX-512 is there that CTranslate2's kernels are built with; False where
    the system does not tell."""
    try:
        flags = re.findall(r"^flags\s*:(.*)$", processor.read_text(), re.MULTILINE)
    except OSError:
        return False
    return bool(flags) and all(set(each.split()) >= WIDE for each in flags)
