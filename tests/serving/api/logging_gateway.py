"""A gateway in a process of its own that logs all it can and sends spans to a collector if one is named.

It ends when its input ends. Standard error is its log; standard output has its address and then nothing.
"""

import logging
import sys
from pathlib import Path

from tests.serving.api.serving_app import served

if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    home, collector = sys.argv[1], "".join(sys.argv[2:])
    with served(Path(home), requests_per_minute=0, trace_endpoint=collector) as gateway:
        for name in ("uvicorn", "uvicorn.error"):  # as `dossier serve` has it
            logging.getLogger(name).setLevel(logging.WARNING)
            logging.getLogger(name).propagate = True
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)  # statements; below that it logs rows on purpose
        print(gateway.address, flush=True)
        sys.stdin.read()
        gateway.stop()  # what waits is sent
