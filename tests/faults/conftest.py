"""The stand-in and the environments of the server's tests, for servers of these tests' own."""

from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from tests.server.conftest import env, home, running_stand, stand, task

__all__ = ["env", "home", "running_stand", "stand", "task"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
