"""Where something was measured: what every JSON file says about the machine, without its name."""

from __future__ import annotations

import os
import platform
from datetime import date
from typing import Any


def cpu() -> str:
    """The CPU's model, or its architecture without py-cpuinfo, which comes with pytest-benchmark."""
    try:
        from cpuinfo import get_cpu_info
    except ImportError:
        return platform.machine()
    return get_cpu_info().get("brand_raw", platform.machine())


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def warn_if_busy() -> None:
    """Say so where other programs use the CPUs: threads that wait for each other then take a hundred times as long."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.5:
        print(f"this machine is busy (load {load:.1f}): what follows may be far off, most of all on several threads")


def facts() -> dict[str, Any]:
    """The date and the machine."""
    return {"date": date.today().isoformat(), "cpu": cpu(), "cpus": cpus(), "python": platform.python_version()}


def where(found: dict[str, Any], versions: dict[str, str]) -> str:
    """Facts in a line.

    >>> where({"date": "2030-01-02", "cpu": "A CPU", "cpus": 2, "python": "3.11.7"}, {"torch": "2.13.0"})
    'Measured on 2030-01-02: A CPU, 2 CPUs, Python 3.11.7, torch 2.13.0'
    """
    named = "".join(f", {name} {version}" for name, version in versions.items())
    return f"Measured on {found['date']}: {found['cpu']}, {found['cpus']} CPUs, Python {found['python']}{named}"
