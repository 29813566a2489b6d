"""A key file of a local issuer, and no settings of the machine the tests run on."""

import json
import tempfile
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOLLGATE_TOKEN", "TOLLGATE_DEBUG", "CATALOG_URL", "METRICS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IMPROVEMENT_URL", "https://improvement.example")
    monkeypatch.setenv("METRICS_URL", "https://metrics.example")
    monkeypatch.setenv("CATALOG_URL", "https://catalog.example")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # rows that an import rejects
    key = OKPKey.generate_key("Ed25519")
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / "local-issuer.jwk").write_text(json.dumps(key.as_dict(private=True)))
    return tmp_path
