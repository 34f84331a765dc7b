"""The repository's own rules, where no linter knows them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = sorted(ROOT.glob("tests/**/test_*.py"))


@pytest.mark.parametrize("root", ["operator", "agents"])
def test_source_roots_are_plain_folders(root):
    """An `__init__.py` here would shadow the standard library's `operator`, or a distribution called `agents`."""
    assert (ROOT / root).is_dir()
    assert not (ROOT / root / "__init__.py").exists()


def test_the_standard_librarys_operator_is_the_one_imported_at_the_root():
    """`python -m anything` from the repository's root still finds the standard library."""
    program = "import operator; print(operator.__file__)"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in answer.stdout


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_test_states_its_behaviour_in_a_sentence(path):
    """Every test function has a docstring that ends like a sentence."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    silent = [
        function.name
        for function in functions
        if function.name.startswith("test_")
        and not (ast.get_docstring(function) or "").split("\n\n")[0].rstrip().endswith((".", "?", "!", ":"))
    ]
    assert silent == []


def test_no_serving_package_imports_torch():
    """The operator's whole import closure stays without torch, gymnasium and matplotlib."""
    program = (
        "import sys, rlautoscaler.cli.main, rlautoscaler.processes, rlagents.deciding.deciders;"
        "print([name for name in ('torch', 'gymnasium', 'matplotlib') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
