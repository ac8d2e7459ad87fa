"""The ``goaround.toml`` of the demo system: the same kind of file that an operator writes for a real one."""

from __future__ import annotations

import json
from pathlib import Path

from actions.model.errors import BadInput

HOST = "demo.example.org"


def quoted(text: str) -> str:
    """``text`` as a TOML basic string. Raises BadInput for what TOML cannot hold (undecodable bytes)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(
            "a path of the demo cannot be written into its configuration",
            f"{text!a} is not valid UTF-8",
            "set TMPDIR to a folder with a plain name and start again",
        ) from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def configuration(folder: Path, port: int) -> str:
    """The whole file for a demo system in ``folder`` whose site listens on ``port``."""
    site = f"http://127.0.0.1:{port}"
    headers = f"{{ Host = {quoted(HOST)}, X-Forwarded-Proto = {quoted('https')} }}"
    deploy = ", ".join(quoted(part) for part in (str(folder / "bin" / "deploy"), "{ref}"))
    return f"""# Written by `goaround demo`. What it names lies in this folder and goes when the demo ends.
[system]
name = "demo-site"
environment = "drill"
host = "local"
option = "git"
logs = [{quoted(str(folder / "log" / "site.log"))}]

[git]
repository = {quoted(str(folder / "checkout"))}
remote = "origin"
deploy = [{deploy}]
deployments = {quoted(str(folder / "deployments.jsonl"))}
running = {{ url = {quoted(site + "/version")}, field = "commit", headers = {headers} }}

[[probe]]
name = "health"
url = {quoted(site + "/health/")}
headers = {headers}
expect = {{ status = 200, json = {{ status = "healthy" }} }}

[[probe]]
name = "ready"
url = {quoted(site + "/ready/")}
headers = {headers}
expect = {{ status = 200, json = {{ status = "ready" }} }}

[[probe]]
name = "front page"
url = {quoted(site + "/")}
headers = {headers}
expect = {{ status = 200, body = "Community register" }}
slow_ms = 1000

[[workflow]]
name = "open the register"
probe = "front page"

[[workflow]]
name = "read from its store"
probe = "ready"

[prove]
passes = 5
seconds = 5

[watch]
window = "5s"

[procedure]
lacks = ["database"]

[people]
ops1 = {{ name = "First Operator", roles = ["devops-lead"] }}
ops2 = {{ name = "Second Operator", roles = ["tech-manager"] }}
"""
