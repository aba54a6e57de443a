"""The model card, written from card.json's values: pure."""

from typing import Any

CARD = """# The reader

What it is: the lower eight layers of all-mpnet-base-v2 (Apache-2.0, from five wheels), fine-tuned
end to end to read some fifteen turns of a sales call at once. It gives each turn's objection and
its category, its feature request and which known theme that comes nearest to, the words that carry
either, and, of a name, whether it is a rival and the buyer's stance. int8 ONNX of few levels,
packed: {megabytes:.1f} MB, run by onnxruntime.

| | |
| --- | --- |
| version | `{version}` |
| trained on | {calls} calls, data `{data}` (see `../training/README.md`) |
| seed, minutes | {seed}, {minutes} |
| recipe | {recipe} |
| counts from | {thresholds} |

It is meant for English sales calls between a seller and a buyer, to point a person to what was
said. It is not meant for judging people. It learnt from invented calls: expect less on real ones,
and review what it finds.
"""

REACHED = """
## Reached on the {calls} validation calls

Of them only scales and thresholds were chosen, nothing else was learnt. F1 at turn level with its
95 % interval (bootstrap over calls), shares with Wilson's. With each company's threshold chosen on
the other companies, F1 is {left_out}.
"Printed" are the {printed_calls} calls that look like a recogniser's print. `rival` and `stance`
are measured on names of the catalogue wherever they are spoken.

| | there | precision | recall | F1 | 95 % | calibration error | printed: F1 |
| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |
{rows}

| | of | right | 95 % |
| --- | ---: | ---: | --- |
{shares}

The run of words that carries most overlaps the marked quote by {objection_overlap:.2f}
(objections) and {request_overlap:.2f} (requests) of their union. {speed} turns a second of one
core's time. The same figures again: `python -m insights.model.figures DIR`.
"""


def render(card: dict[str, Any], megabytes: float) -> str:
    """The card as Markdown."""
    said = {
        "recipe": ", ".join(f"{name} {value}" for name, value in card["recipe"].items()),
        "thresholds": ", ".join(f"{name} {value}" for name, value in card["thresholds"].items()),
    }
    text = CARD.format(**{**card, **said}, megabytes=megabytes)
    return (
        text + _reached(card["validation"], card["f1_left_out"]) if "validation" in card else text
    )


def _reached(figures: dict[str, Any], left_out: dict[str, float]) -> str:
    printed = figures["printed"] or {}
    return REACHED.format(
        calls=figures["calls"],
        left_out=", ".join(f"{f1} for {kind}s" for kind, f1 in left_out.items()),
        printed_calls=printed.get("calls", 0),
        rows="\n".join(_row(kind, figures, printed) for kind in ("objection", "request", "rival")),
        shares="\n".join(_share(name, figures[name]) for name in ("category", "stance")),
        objection_overlap=figures["objection"]["quote_overlap"],
        request_overlap=figures["request"]["quote_overlap"],
        speed=figures["turns_a_second"],
    )


def _row(kind: str, figures: dict[str, Any], printed: dict[str, Any]) -> str:
    reached = figures[kind]
    low, high = reached["f1_95"]
    cells = [
        kind,
        reached["there"],
        reached["precision"],
        reached["recall"],
        reached["f1"],
        f"{low}–{high}",
        reached["calibration_error"],
        printed[kind]["f1"] if printed and printed[kind]["there"] else "",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _share(name: str, reached: dict[str, Any]) -> str:
    low, high = reached["share_95"]
    return f"| {name} | {reached['of']} | {reached['share']} | {low}–{high} |"
