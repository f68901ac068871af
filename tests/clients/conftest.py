"""Fixtures: the clients, the stand-in for Gemini, and the environment a user would give the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from .drivers import (
    GEMINI_AGENTS,
    ClaudeCode,
    Env,
    Inspector,
    Simulator,
    missing_clients,
    running_http_server,
    running_simulator,
)

Reach: TypeAlias = Callable[[Env], list[str]]


@pytest.fixture(scope="session", autouse=True)
def installed_clients() -> None:
    wrong = missing_clients()
    if wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    folder = tmp_path / "simulator"
    folder.mkdir()
    with running_simulator(folder) as running:
        yield running


@pytest.fixture
def server_env(simulator: Simulator, tmp_path: Path) -> Env:
    """The whole environment of the server: nothing of the developer's own reaches it."""
    home = tmp_path / "server"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GEMINI_API_KEY": "dummy",
        "GEMINI_AGENTS_BASE_URL": simulator.base_url,
        "GEMINI_AGENTS_HOME": str(home / "state"),
    }


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    home = tmp_path / "inspector"
    home.mkdir()
    return Inspector(home)


@pytest.fixture
def claude(tmp_path: Path) -> ClaudeCode:
    home = tmp_path / "claude"
    home.mkdir()
    return ClaudeCode(home)


@pytest.fixture(params=["stdio", "http"])
def transport(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=["legacy", "modern"])
def reach(request: pytest.FixtureRequest, transport: str, tmp_path: Path) -> Iterator[Reach]:
    """The Inspector's arguments for a server with a given environment, by every transport and in both eras."""
    era = ["--protocol-era", request.param]
    with ExitStack() as servers:

        def over_stdio(env: Env) -> list[str]:
            variables = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
            return [GEMINI_AGENTS, *variables, *era]

        def over_http(env: Env) -> list[str]:
            url = servers.enter_context(running_http_server(env, tmp_path / "server"))
            return [url, "--transport", "http", *era]

        yield over_stdio if transport == "stdio" else over_http
