"""The files of the demo's stack that an operator of a real one would have: Compose file, ``.env``, ``goaround.toml``.

Text only; where they are written, and what is done with them, is left to others.
"""

from __future__ import annotations

from pathlib import Path

from app.demo_compose_engine import FILE, STACK, SYSTEM
from app.demo_compose_scripts import PORT
from app.demo_config import HOST, quoted

SERVICES = ("celery", "celery-beat", "web")
"""The services that go back; ``migrate`` has their image, too, but runs once."""


def compose_file(name: str, tag: str) -> str:
    """The project's file with ``tag`` deployed. ``name`` is the image's repository."""
    return f"""\
# Community register: production.
# A deployment changes the tag below, and nothing else; settings of this host are in .env.

x-app: &app
  image: "{name}:{tag}"   # the deployed release
  restart: unless-stopped
  stop_grace_period: 3s
  volumes:
    - data:/data

services:
  web:
    <<: *app
    command: ["/app/web.sh"]
    ports:
      - "127.0.0.1:${{REGISTER_PORT}}:{PORT}"   # the proxy of this host stands before it
    depends_on:
      migrate:
        condition: service_completed_successfully
      redis:
        condition: service_started
    healthcheck:
      test: ['CMD', '/app/healthcheck.sh']
      interval: 1s
      timeout: 3s
      retries: 5

  celery:
    <<: *app
    command: ["/app/celery.sh"]
    depends_on:
      migrate: {{condition: service_completed_successfully}}

  celery-beat:
    <<: *app
    command: ["/app/celery-beat.sh"]
    depends_on:
      migrate: {{condition: service_completed_successfully}}

  migrate:   # runs once and ends
    <<: *app
    command: ["/app/migrate.sh"]
    restart: "no"

  redis:
    image: '{name}-redis:7'
    restart: unless-stopped
    stop_grace_period: 1s

volumes:
  data:
"""


def environment_file(port: int) -> str:
    """The ``.env`` beside it."""
    return f"# Settings of this host.\nREGISTER_PORT={port}\n"


def configuration(folder: Path, name: str, port: int, tool: str) -> str:
    """``goaround.toml`` for a stack in ``folder``; ``tool`` is ``auto``, ``v2`` or ``v1``."""
    site = f"http://127.0.0.1:{port}"
    headers = f"{{ Host = {quoted(HOST)}, X-Forwarded-Proto = {quoted('https')} }}"
    return f"""# Written by `goaround demo --compose`. What it names lies in this folder and goes when the demo ends.
[system]
name = "{SYSTEM}"
environment = "drill"
host = "local"
option = "compose"

[compose]
directory = {quoted(str(folder / STACK))}
files = [{quoted(FILE)}]
project = {quoted(name)}
tool = {quoted(tool)}
health_deadline = 60
steady = 3

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
