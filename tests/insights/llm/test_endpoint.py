"""The door to the LLM, against a real HTTP server that behaves badly in every way."""

import time
from dataclasses import replace

import pytest

from insights.llm.endpoint import MOST_BYTES, Endpoint, NoAnswer
from tests.insights.llm import server
from tests.insights.llm.server import Llm, Reply, serving

REQUEST = {"model": "m", "messages": []}
FOUND = {"turn": 1}
GOOD = server.insights(FOUND)
TRIES = 3


def refused(llm: Llm, seconds: float = 5.0) -> str:
    """What is said of the failure."""
    with pytest.raises(NoAnswer) as error:
        llm.endpoint(seconds).ask(REQUEST)
    return str(error.value)


def test_a_request_is_sent_as_it_is_with_the_key() -> None:
    with serving(GOOD) as llm:
        assert llm.endpoint(key="esk").ask(REQUEST) == [FOUND]
        assert llm.endpoint().ask(REQUEST) == [FOUND]
    assert llm.asked == [REQUEST, REQUEST]
    assert llm.paths[0] == "/v1/chat/completions"
    assert llm.keys == ["Bearer esk", None]


@pytest.mark.parametrize(
    "bad",
    [
        server.body(500, b"CUDA out of memory"),
        server.body(503, b'{"error": {"message": "Loading model"}}'),
        server.body(429, b"slow down"),
        server.body(200, b'{"choices": [', length=4000),
        server.body(200, b"<html>busy</html>"),
        server.body(200, b"\xff\xfe"),
        server.body(200, b'{"choices": []}'),
        server.body(200, b"[]"),
        server.completion("no JSON"),
        server.completion('{"insights": [{"turn"'),
        server.completion(None),
        server.silent(0),
    ],
)
def test_what_may_pass_is_tried_again_and_no_more_than_that(bad: Reply) -> None:
    with serving(bad, bad, GOOD) as llm:
        assert llm.endpoint().ask(REQUEST) == [FOUND]
        assert len(llm.asked) == TRIES
    with serving(bad) as llm:
        assert refused(llm)
        assert len(llm.asked) == TRIES


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (server.body(401, b"no such key"), "it answered 401: no such key"),
        (server.body(404, b""), "it answered 404"),
        (server.body(400, b"context is 4096 tokens"), "it answered 400: context is 4096 tokens"),
        (server.body(400, b"no\x00\r\n \x1b[31mmodel"), "it answered 400: no [31mmodel"),
        (server.body(307, b"", Location="http://127.0.0.1:9/v1"), "it answered 307"),
        (server.completion('{"insights": []}', "length"), "cut off"),
        (server.body(200, b" " * (MOST_BYTES + 1)), "longer than"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(bad: Reply, said: str) -> None:
    with serving(bad) as llm:
        assert said in refused(llm)
    assert len(llm.asked) == 1


def test_a_long_refusal_is_cut_short() -> None:
    with serving(server.body(400, b"no\n" * 10_000)) as llm:
        assert len(refused(llm)) < 300


@pytest.mark.parametrize("slow", [server.silent(1.0), server.dripping(20, 0.1)])
def test_a_slow_answer_is_given_up_in_time(slow: Reply) -> None:
    started = time.monotonic()
    with serving(slow) as llm:
        assert "did not answer within 0.2 seconds" in refused(llm, seconds=0.2)
        assert time.monotonic() - started < TRIES * 0.4 + 2
    assert len(llm.asked) == TRIES


def test_between_tries_it_waits_ever_longer() -> None:
    with serving(server.body(500, b"")) as llm:
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            replace(llm.endpoint(), pauses=(0.1, 0.3)).ask(REQUEST)
        assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://", "http://[::1", "http://a b"])
def test_an_address_where_nobody_answers(url: str) -> None:
    with pytest.raises(NoAnswer, match="cannot be reached"):
        Endpoint(url, pauses=()).ask(REQUEST)


def test_a_key_that_no_header_can_hold_is_no_answer() -> None:
    with serving(GOOD) as llm, pytest.raises(NoAnswer):
        llm.endpoint(key="a\nb").ask(REQUEST)
