"""Kill any process at any moment: nothing is lost, and nothing is counted twice."""

import json
import signal
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.system.house import House, alive, cut, joined, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def in_the_middle(house: House) -> dict[str, Any]:
    """A call of two minutes in which a rival is named, and of which some has been heard."""
    house.add_rival()
    sound = cut(house.home / "pricing.wav", 120, start=44)
    call = house.upload(sound, title="Pricing call", company="Haulwright")

    def some_is_heard() -> bool:
        return bool(house.call(call["id"])["heard_seconds"] > 0)

    wait_until(some_is_heard, 180)
    now = house.call(call["id"])
    assert now["state"] == "hearing"
    return now


def check_heard_once(house: House, call: dict[str, Any]) -> None:
    """One transcript, each insight once, and daily figures that agree."""
    assert (call["state"], call["failure"]) == ("done", None)
    assert [c["id"] for c in house.http.get("calls").json()["items"]] == [call["id"]]
    turns = call["transcript"]["turns"]
    assert turns[-1]["end"] > 100
    assert all(a["start"] <= b["start"] for a, b in pairwise(turns))
    mentions = [(i["turn"], i["kind"], i["label"], i["char_start"]) for i in call["insights"]]
    assert mentions
    assert len(set(mentions)) == len(mentions)
    agrees = house.run("check-rollups")
    assert agrees.returncode == 0, agrees.stdout + agrees.stderr


def test_a_worker_killed_in_the_middle_of_hearing(house: House) -> None:
    house.start()
    call = in_the_middle(house)
    victims = house.workers("hearing")
    assert victims
    for process in victims:
        process.send_signal(signal.SIGKILL)
    after = house.wait_for(call["id"], "done", "failed")
    check_heard_once(house, after)
    assert {p.pid for p in house.workers("hearing")}.isdisjoint(p.pid for p in victims)


def hearing(house: House) -> list[psutil.Process]:
    """The processes that hear, without those that only start them."""
    while True:
        with suppress(psutil.NoSuchProcess):  # one of them ended meanwhile
            return [process for process in house.workers("hearing") if not process.children()]


def undisturbed(house: House, sound: Path) -> list[dict[str, Any]]:
    """The turns that are heard where nobody kills anything."""
    written = house.run("transcribe", sound, "--format", "json")
    assert written.returncode == 0, written.stderr
    turns: list[dict[str, Any]] = json.loads(written.stdout)["turns"]
    return turns


@pytest.mark.timeout(2400)
def test_twenty_kills_in_one_call_cost_no_word(house: House) -> None:
    """In turns when its worker came further, and as soon as the next one has it: three in a row
    without a step ahead would fail the call."""
    one = {"EARSHOT_HEARING_WORKERS": "1", "EARSHOT_HEARING_THREADS": "1"}  # batch after batch
    house.environment |= one | {"EARSHOT_LEASE_SECONDS": "4"}
    house.start()
    sound = joined(house.home / "long.wav", times=6)  # some fourteen batches
    call = house.upload(sound)["id"]
    heard = 0.0

    def came_further() -> bool:
        nonlocal heard
        told = house.http.get(f"calls/{call}/transcript/partial").json()
        assert told["partial"], "it is heard before it was killed often enough"
        further, heard = told["heard_seconds"] > heard, max(heard, told["heard_seconds"])
        return bool(further)

    def is_taken_over() -> bool:
        return bool(house.call(call)["attempts"] == 2)

    for number in range(20):
        wait_until(is_taken_over if number % 2 else came_further, 300)
        for process in hearing(house):
            process.send_signal(signal.SIGKILL)
    after = house.wait_for(call, "done", "failed", seconds=900)
    assert (after["state"], after["failure"]) == ("done", None)
    assert after["transcript"]["turns"] == undisturbed(house, sound)


def test_up_killed_leaves_no_orphan_and_the_next_one_finishes(house: House) -> None:
    house.start()
    call = in_the_middle(house)
    family = house.family()
    assert len(family) > 5
    house.stop(signal.SIGKILL)
    wait_until(lambda: not alive(family) and not house.processes(), 30)
    house.start()
    after = house.wait_for(call["id"], "done", "failed")
    check_heard_once(house, after)


def test_a_stop_in_the_middle_is_quick_and_costs_no_attempt(house: House) -> None:
    house.start()
    call = in_the_middle(house)
    family = house.family()
    started = time.monotonic()
    assert house.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 15
    assert not alive(family)
    assert not house.processes()
    house.start()
    wait_until(lambda: house.call(call["id"])["state"] == "hearing", 30)
    assert house.call(call["id"])["attempts"] == 1
