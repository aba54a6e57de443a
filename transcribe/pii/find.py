"""What is private in a text: card numbers, bank accounts, e-mail addresses, phone numbers. Pure.

Checksums and numbering plans decide wherever there are any: Luhn's for cards (ISO/IEC 7812) with
the issuers' ranges and lengths, ISO 13616 for IBANs, libphonenumber's plans for phones. Speech is
misheard, so a number that was announced as what it is ("the card number is …") is masked also where
its checksum is wrong. Routing numbers, sort codes and account numbers look like any other number:
they count only where they are announced.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise

import phonenumbers
from stdnum import iban, luhn

from transcribe.pii.emails import emails
from transcribe.pii.figures import Run, digits, readings, runs
from transcribe.pii.mask import Mask, Private

REGIONS = ("US", "GB")
"""Whose numbers are known without a country's code before them."""

HEARD_BEFORE = 80
"""Characters before a number in which it is announced."""

LOCAL_DIGITS = 7
"""Of a number in North America without its area's code, where the plan cannot tell."""

MOST_FIGURES = 40
"""An IBAN has at most 34 characters; beyond, a hostile text would only cost time."""

_ISSUERS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})"  # Visa
    r"|(5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12,14}"  # Mastercard: checked below
    r"|3[47]\d{13}"  # American Express
    r"|(6011|64[4-9]\d|65\d\d)\d{12}"  # Discover
    r"|(36|38|30[0-5])\d{11,12}"  # Diners Club
    r"|35(2[89]|[3-8]\d)\d{12}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(50|5[6-9]|6[0-9])\d{10,17}"  # Maestro
)

_LINK = (
    r"(?:\s|[,.:?!…-]|number|no\b|code|is|it['’]?s|that['’]?s|['’]s|are|the|and|a|uh|um|our|my|yes"
    r"|sure|okay|here)*$"
)
_CARD = re.compile(r"\b(cards?|visa|master\s?card|amex|american express|discover)\b", re.I)
_IBAN_BEGINS = re.compile(r"[A-Z]{2}\d{2}")
_IBAN = re.compile(r"\biban\b" + _LINK, re.I)
_ROUTING = re.compile(r"\b(routing|aba|transit)\b" + _LINK, re.I)
_SORT = re.compile(r"\bsort\s?code" + _LINK, re.I)
_ACCOUNT = re.compile(r"\b(account|acct|checking|savings)\b" + _LINK, re.I)
_LISTING = re.compile(r",|\band\b", re.IGNORECASE)
_PHONE = re.compile(
    r"\b(phone|cell|mobile|landline|line|desk|fax|whats\s?app|toll[- ]free|hotline|switchboard"
    r"|call (me|us|him|her|them)|reach|text (me|us|him|her)|ring|dial"
    r"|(my|our|your|the|best|good|work|home|office) number|number (is|for|to reach))\b",
    re.I,
)

Spans = Iterator[tuple[int, int]]
Announced = Callable[[int], str]
"""What was said right before a character."""


def find(text: str, before: str = "") -> list[Mask]:
    """What is private in a text, in its order; `before` is what was said before it, which may
    announce it: "What's your number?" """
    said = list(runs(text))
    lead = before[-HEARD_BEFORE:] + " "
    taken = bytearray(len(text))  # one of each character that is masked

    def announced(at: int) -> str:
        near = text[max(0, at - HEARD_BEFORE) : at]
        return near if at >= HEARD_BEFORE else (lead + near)[-HEARD_BEFORE:]

    found: list[Mask] = []
    for what, spans in _all_spans(said, text, announced):
        for start, end in spans:
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Mask(start, end, what))
    return sorted(found, key=lambda mask: mask.start)


def _all_spans(said: list[Run], text: str, announced: Announced) -> Iterator[tuple[Private, Spans]]:
    """What each rule finds, the surest rule first: what it has taken is no other's."""
    for what, rule in _RULES:
        for run in said:
            yield what, rule(run, text, announced)
    yield Private.EMAIL, emails(text)


def _ibans(run: Run, _text: str, announced: Announced) -> Spans:
    at = 0
    while at < len(run):
        stop = _iban_at(run, at)
        if stop is None and at == 0 and _IBAN.search(announced(run[0].start)):
            chars = digits(run)
            stop = len(run) if 15 <= len(chars) <= 36 else None
        if stop is not None:
            yield run[at].start, run[stop - 1].end
        at = stop or at + 1


def _iban_at(run: Run, at: int) -> int | None:
    """Where an IBAN that begins with this figure ends."""
    if not run[at].chars[0].isalpha():
        return None
    for stop in range(at + 1, min(at + MOST_FIGURES, len(run)) + 1):
        chars = digits(run[at:stop])
        if len(chars) > 34:
            return None
        if len(chars) >= 15 and _IBAN_BEGINS.match(chars) and iban.is_valid(chars):
            return stop
    return None


def _cards(run: Run, _text: str, announced: Announced) -> Spans:
    for part in _digits_only(run):
        at, found = 0, False
        while at < len(part):
            stop = _card_at(part, at)
            if stop:
                found = True
                yield part[at].start, part[stop - 1].end
            at = stop or at + 1
        if not found and 12 <= len(digits(part)) <= 20 and _CARD.search(announced(part[0].start)):
            yield part[0].start, part[-1].end  # misheard


def _card_at(part: Run, at: int) -> int | None:
    """Where the longest card number that begins with this figure ends."""
    best = None
    for stop in range(at + 1, min(at + MOST_FIGURES, len(part)) + 1):
        number = digits(part[at:stop])
        if len(number) > 19:
            break
        if len(number) < 13 or _round(part[at:stop]):
            continue
        if _ISSUERS.fullmatch(number) and luhn.is_valid(number):
            best = stop
    return best


def _banks(run: Run, _text: str, announced: Announced) -> Spans:
    """Routing number, sort code or account number, each where it is announced as such."""
    for part in _digits_only(run):
        words, total = announced(part[0].start), len(digits(part))
        if _ROUTING.search(words):
            stop = len(part) if 15 <= total <= 26 else _first(part, 9)
        elif _SORT.search(words):
            stop = len(part) if total == 14 else _first(part, 6)
        elif _ACCOUNT.search(words) and 6 <= total <= 17:
            stop = len(part)
        else:
            continue
        if stop:
            yield part[0].start, part[stop - 1].end


def _first(part: Run, length: int) -> int | None:
    """How many figures make the first `length` digits, if they do."""
    for stop in range(1, len(part) + 1):
        if len(digits(part[:stop])) >= length:
            return stop if len(digits(part[:stop])) == length else None
    return None


def _phones(run: Run, text: str, announced: Announced) -> Spans:
    for part in _digits_only(run):
        total = len(digits(part))
        if not 7 <= total <= 16:
            continue
        told = bool(_PHONE.search(announced(part[0].start)))
        options = (part, part[1:], part[:-1])  # "the toll-free one, one eight hundred …"
        in_plan = next((each for each in options if _planned_phone(each, text, told)), None)
        if in_plan or (told and _local_phone(part, text)):
            chosen = in_plan or part
            yield chosen[0].start, chosen[-1].end


def _planned_phone(part: Run, text: str, told: bool) -> bool:
    """Whether it is a number of the plan, and `told` as a phone's or said like one."""
    if not part or not any(_in_plan(number, part[0].plus) for number in readings(part)):
        return False
    if part[0].plus or _digit_by_digit(part) or not _listed(part, text):
        return True
    return told and _grouped(part)


def _local_phone(part: Run, text: str) -> bool:
    """Whether it may be one that the plan does not know: short, or misheard."""
    if _digit_by_digit(part):
        return True
    lengths = [len(figure.chars) for figure in part]
    in_groups = lengths in ([LOCAL_DIGITS], [3, 4]) and not any(figure.hundred for figure in part)
    return in_groups and not _listed(part, text)


def _in_plan(number: str, with_code: bool) -> bool:
    """Whether it is somebody's phone number, in the plan of its country."""
    for region in [None] if with_code else REGIONS:
        try:
            parsed = phonenumbers.parse("+" * with_code + number, region)
        except phonenumbers.NumberParseException:
            continue
        trunk = len(number) - len(str(parsed.national_number))  # the digit to dial before it
        dialled = with_code or (trunk == 1 if region == "GB" else trunk <= 1)
        if phonenumbers.is_valid_number(parsed) and dialled:
            return True
    return False


def _digit_by_digit(part: Run) -> bool:
    """Whether most digits are said one by one: prices, years and quantities are not."""
    singly = sum(len(figure.chars) for figure in part if figure.singly)
    return singly * 2 > len(digits(part))


def _listed(part: Run, text: str) -> bool:
    """Whether it reads like a list of quantities: words, or figures parted by a comma or "and"."""
    if _round(part) or any(_LISTING.search(text[a.end : b.start]) for a, b in pairwise(part)):
        return True
    return not any(
        figure.chars == text[figure.start : figure.end].strip("+") and len(figure.chars) > 2
        for figure in part
    )


def _grouped(part: Run) -> bool:
    """Whether a list reads like a number's groups: "415, 555, 2671", or digits alone or with 0."""
    lengths = [len(figure.chars) for figure in part]
    alone = any(figure.singly or figure.chars.startswith("0") for figure in part)
    return alone or lengths in ([3, 3, 4], [1, 3, 3, 4])


def _round(part: Run) -> bool:
    """Whether it reads like a list of round sums: "2300, 2400, 2500, 2600"."""
    return all(len(figure.chars) > 1 and figure.chars.endswith("0") for figure in part)


def _digits_only(run: Run) -> Iterator[Run]:
    """The parts of a run that hold no letter; one with a plus begins anew."""
    for numeric, part in groupby(run, lambda figure: figure.chars.isdigit()):
        if numeric:
            yield tuple(part)


_RULES: tuple[tuple[Private, Callable[[Run, str, Announced], Spans]], ...] = (
    (Private.BANK, _ibans),
    (Private.CARD, _cards),
    (Private.BANK, _banks),
    (Private.PHONE, _phones),
)
