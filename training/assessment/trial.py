"""A few steps of tuning in a process of its own, so that its memory is known: what tuning a candidate costs.

`python -m training.assessment.trial JSON`, where JSON says `folder`, `data`, `out`, `device`, `longest` and `steps`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dossier.errors import DossierError
from dossier.progress import by_clock
from dossier.records import Progress
from training.assessment.record import Cost
from training.assessment.server import OnProgress, family_memory
from training.tuning.run_folder import read_metrics
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

STEPS = 4
"""The first one warms up and doesn't count."""
_EPOCHS = 1000
_USUAL, _LOOK = 60.0, 0.5


def tuning_cost(told: Mapping[str, Any], on_progress: OnProgress) -> Cost:
    """Run the steps and watch the process. What goes wrong with the candidate is the cost's `problem`."""
    started, most = datetime.now(UTC), 0.0
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    command = [sys.executable, "-m", "training.assessment.trial", json.dumps(dict(told))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables) as process:
        while True:
            most = max(most, family_memory(process.pid) / 2**30)
            on_progress(by_clock("Tuning a few steps", _USUAL, started))
            try:
                out, problem = process.communicate(timeout=_LOOK)
                break
            except subprocess.TimeoutExpired:
                continue
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        last = problem.strip().splitlines()[-1:] or [f"it ended with status {process.returncode}"]
        return Cost(problem=last[0])
    found = json.loads(out.splitlines()[-1])
    return Cost(found["questions_per_second"], most, found["steps"])


def run_trial(told: Mapping[str, Any]) -> dict[str, float]:
    """Tune so many steps and say how fast it was, the first step left out. Raises DossierError."""
    done = 0

    def note(progress: Progress) -> None:
        nonlocal done
        done = progress.done if progress.stage.startswith("Tuning") else done

    steps, out = int(told["steps"]), Path(told["out"])
    task = Task("candidate", Path(told["folder"]), Path(told["data"]), None, out, device=str(told["device"]))
    given = {"epochs": _EPOCHS, "longest": told["longest"], "batch_tokens": told["longest"], "save_every": _EPOCHS}
    tune_model(task, given, False, Watch(note, lambda: done >= steps))
    counted = read_metrics(out)[1:steps] or read_metrics(out)
    rates = [one["questions_per_second"] for one in counted]
    return {"questions_per_second": len(rates) / sum(1 / rate for rate in rates), "steps": len(rates)}


if __name__ == "__main__":
    try:
        print(json.dumps(run_trial(json.loads(sys.argv[1]))))
    except DossierError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_status) from error
