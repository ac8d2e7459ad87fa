from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from actions.gateways.compose import ComposeCli
from actions.gateways.local_host import LocalHost
from actions.model.compose_command import compose_argv, default_files
from actions.model.errors import CommandFailed, GoaroundError, Unreachable
from actions.model.ports import ComposeProject, ComposeTool

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "compose"
V2 = ComposeTool(("docker", "compose"), "2.26.1", 2)
V1 = ComposeTool(("docker-compose",), "1.29.2", 1)

STACK = """\
version: "3.8"
services:
  db:
    image: registry.example.org:5000/db@sha256:6e342b70e2a6e3c8d1c6d2c3d5b8c0b8f2a6e342b70e2a6e3c8d1c6d2c3d5b8c
    restart: always
    healthcheck: {test: ["CMD", "true"]}
  redis: {image: "redis:7", healthcheck: {disable: true}}
  migrate:
    build: .
    restart: "no"
    depends_on: [db]
  web:
    build: .
    restart: unless-stopped
    environment: {SECRET_KEY: "${SECRET_KEY}", DOLLAR: "a$$b"}
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
  celery:
    image: "obcms:${TAG:-1}"
    depends_on: [web, redis]
    deploy: {replicas: 2}
  debug: {image: "redis:7", profiles: [debug]}
"""


@pytest.fixture(scope="module")
def compose() -> ComposeCli:
    return ComposeCli(LocalHost(), timeout_s=60)


@pytest.fixture(scope="module")
def tools(compose: ComposeCli) -> tuple[ComposeTool, ...]:
    return compose.tools()


@pytest.fixture(params=[2, 1], ids=["v2", "v1"])
def tool(request: pytest.FixtureRequest, tools: tuple[ComposeTool, ...]) -> ComposeTool:
    found = [tool for tool in tools if tool.generation == request.param]
    if not found:
        message = f"no Compose of generation {request.param} on this machine"
        if "docker" in os.environ.get("GOAROUND_REQUIRE", ""):
            pytest.fail(message)
        pytest.skip(message)
    return found[0]


def stack(folder: Path, text: str = STACK) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "docker-compose.yml").write_text(text)
    return str(folder)


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({}, []),
        ({"docker": "echo 2.26.1-4"}, [(("docker", "compose"), 2)]),
        ({"docker": "echo 5.0.1"}, [(("docker", "compose"), 2)]),
        ({"docker": "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1"}, []),
        ({"docker": "echo 'Docker version 20.10.24'"}, []),
        ({"docker-compose": "echo 1.29.2"}, [(("docker-compose",), 1)]),
        ({"docker-compose": "echo v2.17.3"}, [(("docker-compose",), 2)]),
        (
            {"docker": "echo v2.20.0", "docker-compose": "echo 1.25.0"},
            [(("docker", "compose"), 2), (("docker-compose",), 1)],
        ),
        ({"docker-compose": "echo 'No module named compose' >&2; exit 1"}, []),
    ],
)
def test_the_generation_is_what_the_program_tells_not_its_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    programs: dict[str, str],
    found: list[tuple[tuple[str, ...], int]],
) -> None:
    """v1 and v2 are told apart rightly; a standalone v2 called docker-compose is of generation 2."""
    for name, script in programs.items():
        program(tmp_path / "bin", name, script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert [(tool.argv, tool.generation) for tool in ComposeCli(LocalHost()).tools()] == found


def test_a_resolved_project_is_understood(compose: ComposeCli, tool: ComposeTool, tmp_path: Path) -> None:
    """What the steps decide on (images, builds, jobs, order, health) is read alike from both generations."""
    project = compose.config(tool, stack(tmp_path / "My-App"), ())
    assert project.name == "my-app"
    assert list(project.services) == ["celery", "db", "migrate", "redis", "web"]
    web, db, migrate = project.services["web"], project.services["db"], project.services["migrate"]
    assert (web.image, web.build, web.restart, web.one_shot) == ("", True, "unless-stopped", False)
    assert web.depends_on == {"db": "service_healthy", "migrate": "service_completed_successfully"}
    assert (migrate.restart, migrate.one_shot, migrate.depends_on) == ("no", True, {"db": "service_started"})
    assert db.image.startswith("registry.example.org:5000/db@sha256:")
    assert (db.has_healthcheck, project.services["redis"].has_healthcheck, web.has_healthcheck) == (
        True,
        False,
        False,
    )
    assert (project.services["celery"].image, project.services["celery"].scale, web.scale) == (
        "obcms:1",
        2,
        1,
    )
    assert project.awaited_jobs == ("migrate",)
    assert any("SECRET_KEY" in line and "not set" in line for line in project.warnings), project.warnings
    assert any("profile debug is not active" in line for line in project.warnings), project.warnings
    assert "a$$b" in project.text
    assert "celery:" in project.text


def test_active_profiles_take_part(
    compose: ComposeCli, tool: ComposeTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COMPOSE_PROFILES, of the folder or of the environment, decides as it does for Compose."""
    directory = stack(tmp_path / "app")
    (tmp_path / "app" / ".env").write_text("COMPOSE_PROFILES=debug,other\nSECRET_KEY=x\n")
    project = compose.config(tool, directory, ())
    assert project.services["debug"].profiles == ("debug",)
    assert not any("debug" in line or "SECRET_KEY" in line for line in project.warnings)
    monkeypatch.setenv("COMPOSE_PROFILES", "other")
    assert "debug" not in compose.config(tool, directory, ()).services


@pytest.mark.parametrize(
    ("folder", "files", "given", "dotenv", "environment", "name"),
    [
        ("Shop.App", (), "", "", "", "shopapp"),
        ("shop_-x", (), "", "", "", "shop_-x"),
        ("shop", (), "given", "COMPOSE_PROJECT_NAME=env", "", "given"),
        ("shop", (), "", "COMPOSE_PROJECT_NAME='from-env' # it is\n", "", "from-env"),
        ("shop", (), "", "export COMPOSE_PROJECT_NAME = spaced  \n", "", "spaced"),
        ("shop", (), "", "COMPOSE_PROJECT_NAME=env\n", "shell", "shell"),
        ("shop", ("docker-compose.yml",), "", "", "", "shop"),
        ("shop", ("../other/docker-compose.yml",), "", "", "", "other"),
        ("shop", ("sub/docker-compose.yml", "docker-compose.yml"), "", "", "", "sub"),
    ],
)
def test_the_project_name_is_composes_own(
    compose: ComposeCli,
    tool: ComposeTool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    files: tuple[str, ...],
    given: str,
    dotenv: str,
    environment: str,
    name: str,
) -> None:
    """The name is what the containers are labelled with; generation 1 does not tell it, so it is derived."""
    text = "services:\n  a: {image: 'x:1'}\n"
    text = text if tool.generation == 2 else f"version: '3'\n{text}"
    for place in (folder, "other", f"{folder}/sub"):
        stack(tmp_path / place, text)
    (tmp_path / folder / ".env").write_text(dotenv)
    if environment:
        monkeypatch.setenv("COMPOSE_PROJECT_NAME", environment)
    assert compose.config(tool, str(tmp_path / folder), files, given).name == name


def test_files_are_merged_in_their_order(compose: ComposeCli, tool: ComposeTool, tmp_path: Path) -> None:
    """An override file given last wins; that is how a release is pinned without touching the original."""
    directory = stack(tmp_path / "app", "version: '3'\nservices:\n  web: {image: 'x:2', restart: always}\n")
    (tmp_path / "app" / "pin.yml").write_text("version: '3'\nservices:\n  web: {image: 'x:1'}\n")
    project = compose.config(tool, directory, ("docker-compose.yml", "pin.yml"))
    assert (project.services["web"].image, project.services["web"].restart) == ("x:1", "always")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("services: [", ""),
        ("services:\n  web: {imagee: x}\n", "imagee"),
        ("services:\n  web: {image: x, depends_on: [gone]}\n", "gone"),
        ("services:\n  web: {image: '${x'}\n", "x"),
        ('services:\n  "w\\e[31meb": {image: 1}\n', ""),
        ("", ""),
    ],
)
def test_composes_own_words_come_back_harmless(
    compose: ComposeCli, tool: ComposeTool, tmp_path: Path, text: str, told: str
) -> None:
    """A broken file is told in Compose's words, in one line that cannot drive the terminal, with a next
    move."""
    with pytest.raises(CommandFailed) as caught:
        compose.config(tool, stack(tmp_path / "app", text), ())
    assert told in caught.value.detail
    assert caught.value.detail
    assert str(caught.value).isprintable()
    assert caught.value.exit_status
    assert caught.value.next_move


def test_generation_1_tells_what_it_does_not_know(
    compose: ComposeCli, tools: tuple[ComposeTool, ...], tmp_path: Path
) -> None:
    """Syntax of v2 under v1 is v1's refusal, not a crash and not half a project."""
    old = [tool for tool in tools if tool.generation == 1]
    if not old:
        pytest.skip("no Compose of generation 1 on this machine")
    text = "services:\n  web: {image: x, develop: {watch: []}, attach: false}\ninclude: [other.yml]\n"
    with pytest.raises(CommandFailed):
        compose.config(old[0], stack(tmp_path / "app", text), ())


def test_a_missing_folder_is_told(compose: ComposeCli, tool: ComposeTool, tmp_path: Path) -> None:
    """A wrong directory in the configuration is one clear line."""
    with pytest.raises(GoaroundError) as caught:
        compose.config(tool, str(tmp_path / "nowhere"), ())
    assert "nowhere" in str(caught.value)


def test_a_compose_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An include from a dead network does not hold the cockpit."""
    program(tmp_path / "bin", "docker", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(Unreachable, match="does not end"):
        ComposeCli(LocalHost(), timeout_s=0.3).config(V2, str(tmp_path), ())


@pytest.mark.parametrize("output", ["", "[]", "{", "null", '{"services": {"web": {"image": "x"'])
def test_output_that_is_no_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """A Compose we do not understand is said so; no empty project is made up."""
    program(tmp_path / "bin", "docker", f"echo '{output}'")
    program(tmp_path / "bin", "docker-compose", f"echo '{output}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    for tool in (V2, V1):
        with pytest.raises(CommandFailed, match="cannot be understood"):
            ComposeCli(LocalHost()).config(tool, str(tmp_path), ())


def test_both_generations_name_a_restart_policy_as_they_apply_it(
    compose: ComposeCli, tools: tuple[ComposeTool, ...], tmp_path: Path
) -> None:
    """deploy.restart_policy wins in v2 and is not looked at by v1; a job is what is really never
    restarted."""
    text = """\
version: "3.8"
services:
  job: {image: "x:1", restart: always, deploy: {restart_policy: {condition: none}}}
  web: {image: "x:1", deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}}
  any: {image: "x:1", deploy: {restart_policy: {condition: any}}}
  bare: {image: "x:1"}
"""
    expected = {
        2: {"job": "no", "web": "on-failure:3", "any": "always", "bare": ""},
        1: {"job": "always", "web": "", "any": "", "bare": ""},
    }
    directory = stack(tmp_path / "app", text)
    for tool in tools:
        services = compose.config(tool, directory, ()).services
        assert {name: one.restart for name, one in services.items()} == expected[tool.generation]


def corpus() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*") if path.suffix in (".yml", ".yaml")) if CORPUS.is_dir() else []


@pytest.mark.skipif(not corpus(), reason="the corpus of real compose files is not beside this project")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_compose_files_give_a_project_or_composes_words(
    compose: ComposeCli, tools: tuple[ComposeTool, ...], tmp_path: Path
) -> None:
    """No real file crashes the reading; where both generations accept one, they tell the same services."""
    if not tools:
        pytest.skip("no Compose on this machine")
    accepted: dict[int, int] = {1: 0, 2: 0}
    for index, path in enumerate(corpus()):
        folder = tmp_path / f"app{index}"
        folder.mkdir()
        shutil.copy(path, folder / "docker-compose.yml")
        read: dict[int, ComposeProject] = {}
        for tool in tools:
            outcome = project_or_words(compose, tool, str(folder))
            if isinstance(outcome, CommandFailed):
                assert "Compose cannot read the project" in outcome.title, (path.name, outcome)
                assert outcome.detail not in ("", "it says nothing"), (path.name, outcome)
                assert str(outcome).isprintable()
                continue
            read[tool.generation] = outcome
            accepted[tool.generation] += 1
            assert read[tool.generation].text.strip()
        if len(read) == 2:
            assert_alike(path.name, read[2], read[1])
    print(f"{len(corpus())} files; accepted by v2: {accepted[2]}, by v1: {accepted[1]}")
    assert accepted[max(tool.generation for tool in tools)] > len(corpus()) / 3


def project_or_words(compose: ComposeCli, tool: ComposeTool, folder: str) -> ComposeProject | CommandFailed:
    try:
        return compose.config(tool, folder, ("docker-compose.yml",))
    except CommandFailed as error:
        return error


def assert_alike(name: str, new: ComposeProject, old: ComposeProject) -> None:
    # Only a top-level name, which generation 1 refuses or does not know, may part them.
    assert sorted(new.services) == sorted(old.services), name
    for service, one in new.services.items():
        other = old.services[service]
        same = (one.image, one.build, one.has_healthcheck, sorted(one.depends_on), one.profiles, one.scale)
        assert same == (
            other.image,
            other.build,
            other.has_healthcheck,
            sorted(other.depends_on),
            other.profiles,
            other.scale,
        ), f"{name}: {service}"


def test_an_argv_is_the_tool_the_project_the_files_and_the_words() -> None:
    """What is shown is what runs: one shape for both generations, `-T` wherever a terminal could be asked
    for."""
    files = ("docker-compose.prod.yml", "/opt/obcms/.goaround/pin.yml", "/etc/other.yml", "-odd.yml")
    assert compose_argv(V2, "/opt/obcms", files, "obcms", "up", "-d", "--no-build", "--no-deps", "web") == (
        *("docker", "compose", "-p", "obcms"),
        *(
            "-f",
            "docker-compose.prod.yml",
            "-f",
            ".goaround/pin.yml",
            "-f",
            "/etc/other.yml",
            "-f",
            "./-odd.yml",
        ),
        *("up", "-d", "--no-build", "--no-deps", "web"),
    )
    assert compose_argv(V1, "/opt/obcms", (), "", "config") == ("docker-compose", "config")
    for tool in (V1, V2):
        argv = compose_argv(tool, "/x", (), "p", "exec", "db", "pg_dump", "-T", "t")
        assert argv[len(tool.argv) :] == ("-p", "p", "exec", "-T", "db", "pg_dump", "-T", "t")
        assert compose_argv(tool, "/x", (), "p", "exec", "-T", "db", "true")[-4:] == (
            "exec",
            "-T",
            "db",
            "true",
        )
        assert compose_argv(tool, "/x", (), "p", "run", "--rm", "web")[-4:] == ("run", "-T", "--rm", "web")
    for words in ((), ("",), ("--profile", "x")):
        with pytest.raises(ValueError, match="subcommand"):
            compose_argv(V2, "/x", (), "p", *words)


def test_default_files_are_those_compose_takes(compose: ComposeCli, tool: ComposeTool, tmp_path: Path) -> None:
    """With a pin file added the found files must be named; the names are tried against Compose itself."""
    names = [
        f"{stem}{part}.{end}"
        for stem in ("compose", "docker-compose")
        for part in ("", ".override")
        for end in ("yml", "yaml")
    ]
    for index in range(4):
        folder = tmp_path / f"d{index}"
        folder.mkdir()
        # each round has fewer names, so that every name is the winner once
        present = [name for name in names if default_order(name, tool.generation) >= index]
        mains = [name for name in present if "override" not in name]
        overrides = [name for name in present if "override" in name][: 1 if tool.generation == 1 else None]
        for name in mains + overrides:
            body = {
                "version": "3",
                "services": {"web": {"image": "x:1", "labels": {label(name): "1"}}},
            }
            (folder / name).write_text(json.dumps(body))
        expected = default_files([*mains, *overrides], tool.generation)
        text = compose.config(tool, str(folder), ()).text
        seen = {name for name in mains + overrides if f"{label(name)}:" in text}
        assert seen == set(expected), (index, expected)


def label(name: str) -> str:
    return f"from-{name.replace('-', '')}"


def default_order(name: str, generation: int) -> int:
    plain = name.replace(".override", "")
    order = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
    if generation == 1:
        order = [*order[2:], "compose.yml", "compose.yaml"]
    return order.index(plain)
