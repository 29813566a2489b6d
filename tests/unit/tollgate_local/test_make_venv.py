"""The setup of .venv ends in one line, whatever stops it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy/make_venv.py"


@pytest.fixture
def make_venv(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_venv", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["make_venv.py", "runtime"])
    monkeypatch.setattr(module, "_is_done", lambda _kind: False)
    return module


def test_ctrl_c_says_that_the_next_make_goes_on(
    make_venv: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_kind: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(make_venv, "_set_up", interrupted)

    assert make_venv.main() == 130
    assert "run make again" in capsys.readouterr().err
