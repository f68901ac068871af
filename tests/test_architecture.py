"""Who may import whom, read from the source; and what a server does without until its first call."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gemini_mcp

PACKAGE = Path(gemini_mcp.__file__).parent
STDLIB = sys.stdlib_module_names
FETCHING = {"httpx2", "httpcore2"}
PARSING = {
    "PIL",
    "bs4",
    "lxml",
    "mammoth",
    "markdownify",
    "openpyxl",
    "pillow_heif",
    "pptx",
    "pypdfium2",
    "trafilatura",
}
"""What reads hostile bytes, and so only ever runs in a child process."""

LAYERS = ("domain", "engine", "gemini", "sources", "tools", "simulator", "server", "commands")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that ``module`` imports anywhere in it, in full, with the statement."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if whole in TREES else str(node.module)), node


def layer(module: str) -> str:
    """``gemini_mcp.engine.cache`` is in ``engine``; a module of the top is its own layer."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "gemini_mcp"


def modules_of(*layers: str) -> list[str]:
    return [module for module in TREES if layer(module) in layers]


def offences(modules: list[str], *, ours: set[str], libraries: set[str] | None = None) -> list[str]:
    """Imports beyond these layers of ours, and these libraries (None: any)."""
    found = []
    for module in modules:
        for name, node in imports(module):
            top = name.split(".")[0]
            if top == "gemini_mcp":
                allowed = layer(name) in ours or name == "gemini_mcp"
            else:
                allowed = top in STDLIB or libraries is None or top in libraries
            if not allowed:
                found.append(f"{module} line {node.lineno} imports {name}")
    return found


def test_every_layer_is_there() -> None:
    found = {layer(module) for module in TREES}
    assert found >= {"domain", "engine", "gemini", "sources", "tools", "simulator", "server", "config", "cli"}
    assert found <= {*LAYERS, "config", "cli", "__main__", "gemini_mcp"}, "a layer that no rule here knows"


@pytest.mark.parametrize(
    ("name", "ours", "libraries"),
    [
        ("domain", {"domain"}, {"pydantic"}),
        (
            "engine",
            {"engine", "domain"},
            {"anyio", "tenacity", "diskcache", "structlog", "jsonschema", "referencing", "pydantic"},
        ),
        ("simulator", {"simulator", "domain"}, {"anyio", "starlette", "uvicorn", "PIL", "pypdfium2"}),
        (
            "sources",
            {"sources", "domain"},
            {"anyio", "structlog", "pathspec", "charset_normalizer", "idna", "kingfisher_scanner"} | FETCHING | PARSING,
        ),
        ("tools", {"tools", "engine", "sources", "domain"}, {"anyio", "pydantic"}),
        ("gemini", {"gemini", "domain"}, {"anyio", "google", "httpx2", "structlog"}),
        ("config", {"config"}, {"platformdirs"}),
        ("server", {"server", "tools", "engine", "sources", "gemini", "domain", "config"}, None),
        (
            "commands",
            {"commands", "simulator", "server", "tools", "engine", "sources", "gemini", "domain", "config"},
            None,
        ),
    ],
)
def test_a_layer_imports_only_what_is_below_it(name: str, ours: set[str], libraries: set[str] | None) -> None:
    assert offences(modules_of(name), ours=ours, libraries=libraries) == []


@pytest.mark.parametrize(
    ("library", "layers"),
    [
        ("google", {"gemini"}),
        ("httpx2", {"gemini", "commands", "sources"}),
        ("httpcore2", {"sources"}),
        ("mcp", {"server", "commands"}),
        ("mcp_types", {"server", "commands"}),
        ("tenacity", {"engine"}),
        ("diskcache", {"engine"}),
        ("uvicorn", {"server", "simulator"}),
        ("genai_prices", set()),
    ],
)
def test_a_library_has_one_place(library: str, layers: set[str]) -> None:
    found = {
        f"{module} line {node.lineno}"
        for module in TREES
        for name, node in imports(module)
        if name.split(".")[0] == library and layer(module) not in layers
    }
    assert found == set()


def test_what_parses_hostile_bytes_is_imported_by_jobs_alone() -> None:
    """And by what only jobs import: the server's own process never loads it. The stand-in is no part of the server."""
    jobs = {name for name in TREES if name.endswith("_job")}
    helpers = {name for job in jobs for name, _ in imports(job) if name in TREES}
    others = {name for module in TREES for name, _ in imports(module) if module not in jobs}
    found = {
        f"{module} line {node.lineno} imports {name}"
        for module in TREES
        if module not in jobs | (helpers - others) and layer(module) != "simulator"
        for name, node in imports(module)
        if name.split(".")[0] in PARSING
    }
    assert found == set()


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {
        f"{module} line {node.lineno}"
        for module, tree in TREES.items()
        if layer(module) != "config"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        )
    }
    assert readers == set()


def test_the_domain_does_no_io_and_reads_no_clock_but_for_ids() -> None:
    io = {
        "asyncio",
        "os",
        "pathlib",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
        "urllib",
        "http",
        "shutil",
        "tempfile",
    }
    found = [
        f"{module} imports {name}"
        for module in modules_of("domain")
        for name, _ in imports(module)
        if name.split(".")[0] in io or (name == "time" and not module.endswith(".ids"))
    ]
    assert found == []


def test_nothing_imports_in_a_circle() -> None:
    graph = {module: {name for name, _ in imports(module) if name in TREES and name != module} for module in TREES}
    while leaves := [module for module, needs in graph.items() if not needs & graph.keys()]:
        for leaf in leaves:
            del graph[leaf]
    assert graph == {}


def test_no_shell_and_no_pickle_anywhere() -> None:
    found = [
        f"{module} line {node.lineno}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.keyword) and node.arg == "shell")
        or (isinstance(node, ast.Import) and {a.name for a in node.names} & {"pickle", "marshal", "shelve"})
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"))
    ]
    assert found == []


def test_no_errors_are_caught_without_a_name() -> None:
    found = [
        f"{module} line {node.lineno}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert found == []


def loaded_after(statement: str) -> tuple[set[str], str]:
    """The modules that a new interpreter has loaded after ``statement``, and what it wrote to stdout meanwhile."""
    code = f"{statement}\nimport sys\nsys.stderr.write('\\n'.join(sys.modules))"
    env = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.split()), done.stdout


LATER = {
    "google.genai",
    "tenacity",
    "diskcache",
    "jsonschema",
    "referencing",
    "uvicorn",
    "genai_prices",
    "pathspec",
    "charset_normalizer",
    *PARSING,
}


def test_a_server_starts_without_what_only_a_call_needs_and_writes_nothing_to_stdout() -> None:
    """Its handshake is what a client waits for at every start. What the MCP SDK itself loads is not ours to choose."""
    loaded, stdout = loaded_after("import gemini_mcp.server.transports")
    sdk, _ = loaded_after("import mcp.server.lowlevel, mcp.server.stdio")
    assert "gemini_mcp.server.app" in loaded
    assert ((loaded - sdk) & LATER, stdout) == (set(), "")
    assert not loaded & {"google.genai", "tenacity", "diskcache", "genai_prices"}
    assert not loaded & {"gemini_mcp.sources.reader", "gemini_mcp.engine.cascade", "gemini_mcp.tools.services"}


def test_the_command_line_loads_no_server_to_print_its_help() -> None:
    loaded, _ = loaded_after("import gemini_mcp.cli\ngemini_mcp.cli.parser().format_help()")
    assert not loaded & {"mcp", "pydantic", "anyio", "httpx2", *LATER}


def test_the_package_itself_is_free() -> None:
    loaded, stdout = loaded_after("import gemini_mcp")
    assert (loaded & {"pydantic", "mcp", "anyio", *LATER}, stdout) == (set(), "")
    assert {name for name in loaded if name.startswith("gemini_mcp")} == {"gemini_mcp"}
