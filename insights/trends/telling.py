"""Trends in words: the answer in a sentence, and why no more is told. Pure."""

from datetime import date, timedelta

from insights.digest import ENOUGH_CALLS, KIND_WORDS, count_words, label_words
from insights.evaluate import Share
from insights.insight import Kind, Review
from insights.trends.trend import Compared, Dimension, Filter, Period, Series, Trends, Unit, Verdict

NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)

GROUPS: dict[Dimension, tuple[str, str]] = {
    Dimension.SEGMENT: ("In segment “{}”", "Where no segment is noted"),
    Dimension.STAGE: ("At stage “{}”", "Where no stage is noted"),
    Dimension.REP: ("With rep “{}”", "Where no rep is noted"),
    Dimension.LEAD_SOURCE: ("From lead source “{}”", "Where no lead source is noted"),
    Dimension.CAMPAIGN: ("From campaign “{}”", "Where no campaign is noted"),
    Dimension.COMPANY: ("At “{}”", "Where no company is noted"),
}
"""Where a series was counted: for a value, and for none."""


def headline(trends: Trends) -> str:
    """The answer in one sentence."""
    if not any(trends.calls):
        return f"No calls were heard in {_these(trends)}."
    if trends.compared is None:
        unit = trends.question.unit
        return f"No two whole {unit}s to compare yet: {_heard(trends)}."
    told = [series for series in trends.series if series.told]
    if told:
        return sentence(told[0], trends)
    return _nothing(trends, trends.compared)


def others(trends: Trends) -> list[str]:
    """The changes that are told beside the headline's, in sentences."""
    return [sentence(series, trends) for series in trends.series if series.told][1:]


def caution(trends: Trends) -> str:
    """That the detector may be why, where versions of it differ in what is compared; else none."""
    if trends.compared is None or not trends.compared.across:
        return ""
    versions = ", ".join(trends.compared.versions)
    return (
        f"What is compared was found by different versions of the detector ({versions}), so a"
        " difference may be the detector’s and not the buyers’. To have one version throughout, run"
        " earshot remine."
    )


def sentence(series: Series, trends: Trends) -> str:
    """ "Price came up in 9 of 21 calls in the last four weeks, more often than in the four before
    (1 of 19)." Where nothing is told, the figures alone."""
    change, compared = series.change, trends.compared
    if change is None or compared is None:
        calls = sum(point.share.hits for point in series.points)
        whole = Share(calls, sum(point.share.total for point in series.points))
        return f"{subject(series, trends)} in {_of(whole)} in {_these(trends)}."
    now = f"{subject(series, trends)} in {_of(change.now)} {span_words(compared, trends.today)}"
    before = f"{change.before.hits} of {change.before.total:,}"
    more = {Verdict.MORE: "more often than", Verdict.LESS: "less often than"}.get(change.verdict)
    if more is None:
        return f"{now}, {before} {before_words(compared)}."
    return f"{now}, {more} {before_words(compared)} ({before})."


def subject(series: Series, trends: Trends, *, inside: bool = False) -> str:
    """ "Price came up", "In segment “SMB”, price came up", "“Export” was asked for"; `inside` a
    sentence that has begun already."""
    kind, by = trends.question.kind, trends.question.by
    where = f"{group_words(by, series.group)}, " if by else ""
    if inside and where:
        where = where[0].lower() + where[1:]
    name = label_words(kind, series.label)
    if kind is Kind.FEATURE_REQUEST:
        return f"{where}“{name}” was asked for"
    if (inside or where) and kind is Kind.OBJECTION:
        name = name[0].lower() + name[1:]  # a category is no name
    return f"{where}{name} came up"


def group_words(by: Dimension, group: str | None) -> str:
    """ "In segment “SMB”", "Where no segment is noted"."""
    known, unknown = GROUPS[by]
    return unknown if group is None else known.format(group)


REVIEWED = {
    Review.CONFIRMED: "a person confirmed",
    Review.REJECTED: "a person rejected",
    Review.UNREVIEWED: "nobody has reviewed",
}


def counting_words(among: Filter) -> str:
    """Which mentions count, where not all that stand do; else none."""
    asked = [f"that {REVIEWED[among.review]}"] if among.review else []
    if among.min_confidence is not None:
        asked.append(f"of which the detector is {100 * among.min_confidence:g} % sure or more")
    return f"Only mentions count {' and '.join(asked)}." if asked else ""


def span_words(compared: Compared, today: date) -> str:
    """ "in the last four weeks"; "in the four weeks to 26 Apr 2026" where later ones were over."""
    size, unit = len(compared.now), compared.now[0].unit
    if Period.of(unit, today).start == compared.now[-1].stop:
        return f"in the last {_counted(size, unit)}"
    last = compared.now[-1].stop - timedelta(1)
    return f"in the {_counted(size, unit)} to {day_words(last)}"


def before_words(compared: Compared) -> str:
    """ "in the four before", "in the month before"."""
    size = len(compared.before)
    return f"in the {_number(size) if size > 1 else compared.before[0].unit} before"


def day_words(day: date) -> str:
    """ "26 Apr 2026"."""
    return f"{day.day} {day:%b %Y}"


def period_words(period: Period) -> str:
    """ "Week 7, 9 to 15 Feb 2026", "9 Feb 2026", "February 2026"."""
    match period.unit:
        case Unit.DAY:
            return day_words(period.start)
        case Unit.MONTH:
            return f"{period.start:%B %Y}"
        case Unit.WEEK:
            last = period.stop - timedelta(1)
            month = "" if last.month == period.start.month else f" {period.start:%b}"
            year = "" if last.year == period.start.year else f" {period.start.year}"
            first = f"{period.start.day}{month}{year}"
            return f"Week {period.start.isocalendar().week}, {first} to {day_words(last)}"


def _nothing(trends: Trends, compared: Compared) -> str:
    when, before = span_words(compared, trends.today), before_words(compared)
    calls, calls_before = (_calls_in(trends, span) for span in (compared.now, compared.before))
    if not _enough(trends, compared):
        return (
            f"Not enough calls yet to speak of a change: {calls} {when},"
            f" {calls_before} {before}; {ENOUGH_CALLS} in each are needed."
        )
    pairs = [(series, series.change) for series in trends.series if series.change]
    most = max(pairs, key=lambda pair: pair[1].now.hits, default=None)
    if most is None or not most[1].now.hits:
        kind = KIND_WORDS[trends.question.kind][0]
        return f"Nothing stands out: no {kind} in {count_words(calls, 'call')} {when}."
    series, change = most
    return (
        f"Nothing stands out: {subject(series, trends, inside=True)} most, in {_of(change.now)}"
        f" {when} ({change.before.hits} of {change.before.total:,} {before})."
    )


def _enough(trends: Trends, compared: Compared) -> bool:
    """Whether any series could be judged; without any, whether the calls would do."""
    judged = [series.change.verdict for series in trends.series if series.change]
    if judged:
        return any(verdict is not Verdict.TOO_FEW_CALLS for verdict in judged)
    spans = (compared.now, compared.before)
    return min(_calls_in(trends, span) for span in spans) >= ENOUGH_CALLS


def _calls_in(trends: Trends, span: tuple[Period, ...]) -> int:
    pairs = zip(trends.question.periods, trends.calls, strict=True)
    return sum(calls for period, calls in pairs if period in span)


def _of(share: Share) -> str:
    return f"{share.hits} of {count_words(share.total, 'call')}"


def _these(trends: Trends) -> str:
    return f"these {_counted(len(trends.question.periods), trends.question.unit)}"


def _heard(trends: Trends) -> str:
    return f"{count_words(sum(trends.calls), 'call')} in {_these(trends)}"


def _counted(size: int, unit: Unit) -> str:
    return unit.value if size == 1 else f"{_number(size)} {unit}s"


def _number(size: int) -> str:
    return NUMBERS[size] if size < len(NUMBERS) else str(size)
