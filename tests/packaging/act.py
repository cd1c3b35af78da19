"""Runs action.yml as a runner would: its defaults, expressions, step and outputs. Must not: know what the action does.

act.py EVENT PAYLOAD WORKSPACE FOLDER [INPUT=VALUE ...]: EVENT is the event's name, PAYLOAD its JSON file; FOLDER, an empty one, gets
`outputs` (NAME=VALUE lines of the action's outputs) and `summary`. Exits with the step's exit code.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def evaluate(text, context):
    """Puts the values of `${{ a.b.c }}` into a text; a missing value is an empty text, any other expression an error."""

    def value(match):
        found = context
        for name in match[1].split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return "" if found is None else str(found)

    result = re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)
    if "${{" in result:
        raise ValueError(f"an expression that is no plain name: {result}")
    return result


def main(event, payload, workspace, folder, *inputs):
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    given = dict(pair.split("=", 1) for pair in inputs)
    if unknown := given.keys() - action["inputs"].keys():
        raise ValueError(f"no such inputs: {unknown}")
    context = {
        "inputs": {name: spec["default"] for name, spec in action["inputs"].items()} | given,
        "github": {"event": json.loads(Path(payload).read_text())},
    }
    (step,) = action["runs"]["steps"]
    outputs, temporary = Path(folder, "step-outputs"), Path(folder, "temporary")
    outputs.touch()
    temporary.mkdir()
    # Where the action builds; what quick_build has built before is not built again.
    if built := os.environ.get("QUICK_BUILD"):
        (temporary / "unleak-build").symlink_to(built)
    environment = os.environ | {name: evaluate(text, context) for name, text in step["env"].items()}
    environment |= {
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_EVENT_NAME": event,
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(Path(folder, "summary")),
        "GITHUB_WORKSPACE": workspace,
        "RUNNER_TEMP": str(temporary),
    }
    script = evaluate(step["run"], context)
    assert step["shell"] == "bash"
    # The options that a runner gives this shell.
    status = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=workspace, env=environment).returncode
    context["steps"] = {step["id"]: {"outputs": dict(line.split("=", 1) for line in outputs.read_text().splitlines())}}
    results = (f"{name}={evaluate(spec['value'], context)}\n" for name, spec in action["outputs"].items())
    Path(folder, "outputs").write_text("".join(results))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
