"""Fails where an object that runs on every x86-64 CPU holds an instruction of a higher instruction set."""

import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CSRC = Path(__file__).parent.parent / "csrc"
sys.path.insert(0, str(CSRC))

from ffi_build import FLAGS, SOURCES  # noqa: E402

if platform.machine() not in ("x86_64", "AMD64"):
    print("not an x86-64 machine: nothing to check")
    sys.exit()
found = []
with tempfile.TemporaryDirectory() as folder:
    for name in SOURCES:
        if name in ("isa_avx2.c", "isa_avx512.c"):
            continue
        target = Path(folder) / f"{name}.o"
        subprocess.run(["cc", *FLAGS, "-pthread", "-c", str(CSRC / name), "-o", str(target)], check=True)
        text = subprocess.run(["objdump", "-d", str(target)], check=True, capture_output=True, text=True).stdout
        wide = re.findall(r"\t(v\w+ .*%[yz]mm.*)", text)
        print(f"{name}: {len(wide)} wide instructions")
        found += wide
sys.exit(bool(found))
