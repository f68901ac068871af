"""A piece of code to write: what is asked is a reference's docstring, what is right is what the reference returns."""

import ast
import inspect
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.live.sandbox import Case
from benchmarks.live.task import Difficulty


@dataclass(frozen=True)
class Problem:
    """``calls``: the arguments of each hidden test."""

    subject: str
    difficulty: Difficulty
    reference: Callable[..., Any]
    calls: Sequence[tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.reference.__name__

    @cached_property
    def source(self) -> str:
        """The reference, with the import that its annotations need."""
        source = inspect.getsource(self.reference)
        return f"from typing import Any\n\n\n{source}" if "Any" in source else source

    @property
    def asked(self) -> str:
        """The head of the function and its docstring."""
        function = ast.parse(self.source).body[-1]
        assert isinstance(function, ast.FunctionDef)
        head = self.source.splitlines()[: function.body[0].end_lineno]
        return "\n".join([*head, "    ..."])

    @cached_property
    def cases(self) -> list[Case]:
        return [self._case(call) for call in self.calls]

    def _case(self, call: tuple[Any, ...]) -> Case:
        try:
            return Case(call, self.reference(*deepcopy(call)))
        except Exception as error:  # whichever is asked for: it is compared by its name
            return Case(call, raises=type(error).__name__)
