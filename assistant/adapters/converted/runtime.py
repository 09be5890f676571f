"""OpenVINO, which never reports to anybody here."""

import importlib
import sys
from types import ModuleType
from typing import Any

from assistant.adapters.importing import one_at_a_time


def openvino() -> ModuleType:
    """Import OpenVINO, and keep it from telling its makers so."""
    # It reports each import and each conversion with its parameters where this package is
    # installed, and its own wheel demands it. Python takes None for "there is no such module".
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # is what None is for
    with one_at_a_time:
        return importlib.import_module("openvino")


def compile_model(model: Any, precision: str, threads: int, *, streams: int = 1) -> Any:
    """Return a model, or that of a path, ready to run on the processor.

    The threads are shared out to the streams, each of which runs a batch of its own: all of them
    for one batch answer it sooner, and one for each take less time for many.
    """
    return (
        openvino()
        .Core()
        .compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "NUM_STREAMS": str(streams),
                "INFERENCE_NUM_THREADS": str(threads),
                # Several processes share the cores: each would hold on to the same ones.
                "ENABLE_CPU_PINNING": False,
                # Two virtual cores may be one with two threads, of which it would take one.
                "ENABLE_HYPER_THREADING": True,
            },
        )
    )
