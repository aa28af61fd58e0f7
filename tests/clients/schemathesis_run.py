"""Asks the gateway what schemathesis makes up from its schema, for a while: schemathesis_run.py URL TOKEN"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = os.environ.get("ANNALS_SCHEMATHESIS_SECONDS", "20")
SEED = os.environ.get("ANNALS_SCHEMATHESIS_SEED", "20261121")
url, token = sys.argv[1:]
here = Path(__file__).parent
command = [
    Path(sys.executable).parent / "st",
    "run",
    url,
    *("--header", f"Authorization: Bearer {token}"),
    *("--checks", "answers_well", "--phases", "fuzzing", "--continue-on-failure"),
    *("--max-time", SECONDS, "--max-examples", "10", "--seed", SEED),
    *("--generation-database", "none", "--no-shrink", "--warnings", "off", "--no-color"),
]
environment = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(here)}
with tempfile.TemporaryDirectory() as notes:
    sys.exit(subprocess.run(command, env=environment, cwd=notes).returncode)
