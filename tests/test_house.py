"""The house's own rules: who may import what. See the diagram in the README."""

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("ingest", "transcribe", "insights", "api")

DOORS = {
    "psycopg": r".*\.queries|ingest\.base\.db",
    "psycopg_pool": r"ingest\.base\.db",
    "celery": r".*\.tasks|ingest\.base\.queue",
    "faster_whisper": r"transcribe\.(whisper|silero)",
    "ctranslate2": r"transcribe\.whisper",
    "phonenumbers": r"transcribe\.pii\.find",
    "stdnum": r"transcribe\.pii\.find",
    "spacy": r"insights\..*",
    "onnxruntime": r"insights\.model\..*|insights\.search\.meaning\.export|transcribe\.packed",
    "kaldi_native_fbank": r"transcribe\.voiceprint",
    "fastapi": r"api\..*",
    "jinja2": r"api\..*",
    "css_inline": r"api\.pages\.letters\.mail",
    "resvg_py": r"api\.pages\.letters\.pictures",
    "smtplib": r"api\.subscriptions\.handing",
    "av": r"ingest\.audio",
    "obstore": r"ingest\.store",
    "standardwebhooks": r"ingest\.webhooks\.sending",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True)


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_entered_by_its_one_door(graph: grimp.ImportGraph, library: str) -> None:
    if library not in graph.modules:
        pytest.fail(f"no room imports {library}: strike it from DOORS")
    importers = graph.find_modules_that_directly_import(library)
    strangers = [name for name in importers if not re.fullmatch(DOORS[library], name)]
    assert not strangers, f"{library} is imported outside its door"


def test_nothing_names_a_registry_or_a_path_of_some_machine() -> None:
    hosts = re.compile(
        "|".join(
            ["py" + "pi.org", "python" + "hosted", "npm" + "js.org", "/work" + "/", "/ro" + "ot/"]
        )
    )
    suspects = [
        p
        for p in ROOT.glob("*")
        if p.is_file() and p.suffix in {".lock", ".toml", ".md", ".yaml", ""}
    ]
    found = [
        p.name for p in suspects if p.name != ".git" and hosts.search(p.read_text(errors="ignore"))
    ]
    assert not found


def test_no_file_grows_beyond_its_reader() -> None:
    long = {
        p.relative_to(ROOT).as_posix(): n
        for room in ROOMS
        for p in (ROOT / room).rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long
