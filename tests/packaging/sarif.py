"""Reads and rewrites SARIF for the checks of sarif.sh.

sarif.py errors FILE              prints the error results of a log; exits with 1 if there are any
sarif.py bare FILE ROOT           prints the log without fingerprints, with absolute file URIs below ROOT
sarif.py hashes FILE ROOT         prints URI below ROOT, start line and line hash of each result
"""

import json
import sys
from pathlib import Path


def results(log):
    return [result for run in log["runs"] for result in run["results"]]


def location(result):
    return result["locations"][0]["physicalLocation"]


def errors(log):
    # A result without a level is a warning.
    found = [f"{result['ruleId']}: {json.dumps(result['message'])}" for result in results(log) if result.get("level") == "error"]
    print("\n".join(found))
    return 1 if found else 0


def bare(log, root):
    for run in log["runs"]:
        run.pop("originalUriBaseIds")
    for result in results(log):
        result.pop("partialFingerprints")
        artifact = location(result)["artifactLocation"]
        location(result)["artifactLocation"] = {"uri": f"file://{root}/{artifact['uri']}"}
    print(json.dumps(log))
    return 0


def hashes(log, root):
    for result in results(log):
        uri = location(result)["artifactLocation"]["uri"].removeprefix(f"file://{root}/")
        print(uri, location(result)["region"]["startLine"], result["partialFingerprints"]["primaryLocationLineHash"])
    return 0


if __name__ == "__main__":
    command, path, *rest = sys.argv[1:]
    sys.exit({"errors": errors, "bare": bare, "hashes": hashes}[command](json.loads(Path(path).read_text("utf-8-sig")), *rest))
