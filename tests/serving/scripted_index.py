"""Stands in for `dossier index --json`: does what the file `plan` in its folder says, one JSON line after the other.

A line {"wait": "name"} waits until that file exists, {"exit": n} ends, {"stubborn": true} ignores SIGTERM,
{"child": true} starts a child that would live on; everything else is printed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

home = Path(sys.argv[1])
(home / "pid").write_text(str(os.getpid()))
(home / "arguments").write_text(json.dumps(sys.argv[2:]))
for line in (home / "plan").read_text().splitlines():
    told = json.loads(line) if line.startswith("{") else {}
    if "wait" in told:
        while not (home / told["wait"]).exists():
            time.sleep(0.01)
    elif "exit" in told:
        sys.exit(told["exit"])
    elif "stubborn" in told:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif "child" in told:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (home / "child").write_text(str(child.pid))
    else:
        print(line, flush=True)
