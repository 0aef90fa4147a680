"""The house holds its shape: arrows run one way, functions fit on a screen, names are explained."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ROOMS = ["phone", "safety", "memory", "tools", "agent", "console", "server", "evals", "threedots"]
"""Ground floor first. A room, a folder or a module, may import those before it, never one after."""

EVALS = [
    "local", "format", "playing", "records", "custom", "judging", "runs", "verdicts", "reports",
    "evaluation_report", "inspect_task", "desk", "commands",
]  # fmt: skip
"""What the room of the evaluations is made of, in the same order."""

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400

REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com")


def modules(room: str) -> list[Path]:
    return [*ROOT.glob(f"{room}.py"), *sorted((ROOT / room).rglob("*.py"))]


def all_modules() -> list[Path]:
    return [path for room in ROOMS for path in modules(room)]


def imported(path: Path) -> Iterator[str]:
    """The modules, and what is taken from them: that may be a module too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports between modules absolutely"
            module = node.module or ""
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def named(path: Path) -> str:
    """`evals.desk` for its `__init__.py`, `evals.desk.tree` for a module in it."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_rooms(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)} & set(ROOMS)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: explaining an argument is no sin."""
    explained = node.body[0] if ast.get_docstring(node) else None
    words = (explained.end_lineno or 0) - explained.lineno + 1 if explained else 0
    return (node.end_lineno or 0) - node.lineno + 1 - words


def test_no_room_imports_a_room_above_it():
    assert all(modules(room) for room in ROOMS), "an empty room: the check would pass on nothing"
    upward = [
        f"{path.relative_to(ROOT)} imports {above}"
        for floor, room in enumerate(ROOMS)
        for path in modules(room)
        for above in imported_rooms(path) - set(ROOMS[: floor + 1])
    ]
    assert upward == []


def part_of_evals(name: str) -> str | None:
    room, _, rest = name.partition(".")
    return rest.split(".")[0] if room == "evals" else None


def test_no_part_of_the_evals_imports_a_part_above_it():
    upward = []
    for path in modules("evals"):
        part = part_of_evals(named(path))
        if path != ROOT / "evals" / "__init__.py":
            assert part in EVALS, f"{path}: say in EVALS which parts it may import"
            above = EVALS[EVALS.index(part) + 1 :]
            upward += [
                f"{path.relative_to(ROOT)} imports {name}"
                for name in imported(path)
                if part_of_evals(name) in above
            ]
    assert upward == []


def test_no_modules_of_the_evals_import_each_other_in_a_circle():
    edges = {named(path): set(imported(path)) for path in modules("evals")}
    TopologicalSorter(edges).prepare()  # raises CycleError, which names the circle


def test_the_twin_is_known_only_to_the_command_line_and_the_evals():
    allowed = {"phone", "evals", "threedots"}
    strangers = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        if room not in allowed
        for path in modules(room)
        if any(name.startswith("phone.emulator") for name in imported(path))
    ]
    outside = [
        str(path.relative_to(ROOT))
        for path in modules("phone")
        if "emulator" not in path.parts and any("emulator" in name for name in imported(path))
    ]
    assert strangers + outside == []


def test_the_ground_floor_knows_neither_models_nor_databases():
    above = {"pydantic_ai", "openai", "sqlmodel", "sqlalchemy", "alembic"}
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("phone")
        for name in imported(path)
        if name.split(".")[0] in above
    ]
    assert found == []


def test_only_the_front_doors_read_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in all_modules()
        if path.name not in ("threedots.py", "server.py") and "os.environ" in path.read_text()
    ]
    assert readers == []


def test_a_function_fits_on_a_screen():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in all_modules()
        if "migrations" not in path.parts  # a list of tables, as long as there are tables
        for node in functions(path)
        if code_lines(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_a_module_says_one_thing():
    long = [
        str(path.relative_to(ROOT))
        for path in all_modules()
        if len(path.read_text().splitlines()) > LONGEST_MODULE
    ]
    assert long == []


def test_every_public_name_says_what_it_is():
    silent = []
    for path in all_modules():
        if "migrations" in path.parts:  # Alembic's names, explained in its own words
            continue
        tree = ast.parse(path.read_text())
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                silent += [f"{path.relative_to(ROOT)} {name}" for name in undocumented(node)]
    assert silent == []


def undocumented(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    if node.name.startswith("_"):
        return
    if not ast.get_docstring(node):
        yield node.name
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            named = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            if named and not inner.name.startswith("_") and not ast.get_docstring(inner):
                yield f"{node.name}.{inner.name}"


def test_importing_every_room_opens_and_prints_nothing(tmp_path: Path):
    names = [named(path) for path in all_modules() if "migrations" not in path.parts]
    imports = "\n".join(f"import {name}" for name in names)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{imports}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_types_and_style_are_clean(command: str):
    tool, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).parent / tool, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_no_package_registry_is_named_in_any_file():
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split("\0")  # fmt: skip
    named = [
        name
        for name in tracked
        if name
        and (ROOT / name).is_file()
        and any(host.encode() in (ROOT / name).read_bytes() for host in REGISTRIES)
    ]
    assert named == []


def pins(name: str) -> dict[str, str]:
    """Each package of a lock file, with its version."""
    lock = (ROOT / name).read_text()
    lines = [line for line in lock.splitlines() if "==" in line and not line.startswith(" ")]
    assert lock.count("--hash=sha256:") >= len(lines)
    assert "://" not in lock, "an address in the lock file"
    return dict(re.split("==| ", line)[:2] for line in lines)


def test_every_dependency_is_locked_with_its_hash():
    needed, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert len(needed) > 50
    assert len(tested) > len(needed)
    assert needed.items() <= tested.items(), "what is tested is what is installed"


def test_a_command_does_not_wait_for_what_only_a_model_needs():
    command = "import sys, threedots; print([n for n in sys.argv[1:] if n in sys.modules])"
    heavy = ["pydantic_ai", "openai", "fastapi", "uvicorn", "alembic", "PIL", "prometheus_client"]
    done = subprocess.run(
        [sys.executable, "-c", command, *heavy], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
