"""The small language of the filters: `grad>10 status:rollback t:200-400`.

Terms are separated by spaces and all must hold; a term is a comparison (`grad>10`), a range
(`t:200-400`, either end may be left out), words of a text (`status:grad,loss`: any of them), or
a bare word; `-` in front of a term says that it must not hold. `sort:grad` is no filter, but
names the column by which the rows are sorted.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import field

import numpy as np

from tttui.model.arrays import Bools, Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.transactions import UNDONE, Transactions, of_statuses

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf"
_COMPARE = re.compile(r"(?P<name>[\w%]+)(?P<op><=|>=|!=|==|=|<|>)(?P<value>.*)")
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?(?P<dash>\.\.|-)(?P<high>{_NUMBER})?")
_SORT = re.compile(r"(?<!\S)sort:(\S*)", re.IGNORECASE)
_SPACED = re.compile(r"\s*(<=|>=|!=|==|=|<|>|:)\s*")

OPERATORS: Mapping[str, Callable[[Floats, float], Bools]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}


class QueryError(TttuiError):
    """A term of a query is invalid; `term` is its text."""

    def __init__(self, term: str, reason: str) -> None:
        super().__init__(f"{term}: {reason}")
        self.term = term


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that terms may use: every spelling of a number or a text, and its field."""

    numbers: Mapping[str, str]
    texts: Mapping[str, str]
    bare: str
    """The field of texts in which a bare word is looked for."""

    def known(self) -> str:
        return ", ".join([*dict.fromkeys(self.numbers.values()), *dict.fromkeys(self.texts)])


@dataclass(frozen=True, slots=True)
class Compare:
    """A number of the rows against a value."""

    name: str
    op: str
    value: float
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """A number of the rows within low..high, both inclusive."""

    name: str
    low: float
    high: float
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the rows that holds any of the words (lower case)."""

    name: str
    words: tuple[str, ...]
    negated: bool = False


Term = Compare | Between | Words


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all hold; an empty query passes everything."""

    text: str = ""
    terms: tuple[Term, ...] = field(default=())
    sort: str | None = None
    """The typed column to sort by; None without one."""

    @property
    def filter_text(self) -> str:
        """The text without the column to sort by."""
        return " ".join(_SORT.sub(" ", _SPACED.sub(r"\1", self.text)).split())

    def __bool__(self) -> bool:
        return bool(self.terms)

    def select(
        self,
        rows: int,
        number: Callable[[str], Floats],
        holds: Callable[[str, str], Bools],
    ) -> Bools:
        """Which of the rows [rows] pass.

        `number(field)` gives a column [rows] (NaN where a row has none: no comparison holds),
        `holds(field, word)` whether the text of each row holds a word.
        """
        shown = np.ones(rows, dtype=np.bool_)
        for term in self.terms:
            match term:
                case Compare(name, op, value):
                    column = number(name)
                    with np.errstate(invalid="ignore"):
                        passed = OPERATORS[op](column, value) & ~np.isnan(column)
                case Between(name, low, high):
                    column = number(name)
                    with np.errstate(invalid="ignore"):
                        passed = (column >= low) & (column <= high)
                case Words(name, words):
                    passed = np.zeros(rows, dtype=np.bool_)
                    for word in words:
                        passed |= holds(name, word)
            shown &= ~passed if term.negated else passed
        return shown


def parse(text: str, vocabulary: Vocabulary) -> Query:
    """The query that `text` says; raises QueryError naming the first term at fault."""
    tidy = _SPACED.sub(r"\1", text.strip())
    sorts = _SORT.findall(tidy)
    words = _SORT.sub(" ", tidy).split()
    terms = tuple(_term(word, vocabulary) for word in words)
    return Query(text.strip(), terms, sorts[-1] if sorts else None)


def _term(whole: str, vocabulary: Vocabulary) -> Term:
    negated = len(whole) > 1 and whole[0] in "-!"
    text = whole[1:] if negated else whole
    compared = _COMPARE.fullmatch(text)
    if compared:
        name = _number_field(whole, compared["name"], vocabulary)
        if not re.fullmatch(_NUMBER, compared["value"]):
            typed = compared["value"]
            reason = f"{typed!r} is not a number" if typed else f"needs a number after {text}"
            raise QueryError(whole, reason)
        return Compare(name, compared["op"], float(compared["value"]), negated)
    name, colon, value = text.partition(":")
    if not colon:
        if not re.fullmatch(r"[\w.-]+", text):
            raise QueryError(whole, "is no term; write for example grad>10 or t:200-400")
        return Words(vocabulary.bare, (text.lower(),), negated)
    if name.lower() in vocabulary.texts:
        words = tuple(word for word in value.lower().split(",") if word)
        if not words:
            raise QueryError(whole, f"needs a word after {name}:")
        return Words(vocabulary.texts[name.lower()], words, negated)
    return _between(whole, _number_field(whole, name, vocabulary), value, negated)


def _between(whole: str, name: str, value: str, negated: bool) -> Between:
    if re.fullmatch(_NUMBER, value) and not value.startswith("-"):
        return Between(name, float(value), float(value), negated)
    match = _RANGE.fullmatch(value)
    if match is None or not (match["low"] or match["high"]):
        raise QueryError(whole, f"needs a range such as {name}:200-400")
    low = float(match["low"]) if match["low"] else -np.inf
    high = float(match["high"]) if match["high"] else np.inf
    if low > high:
        raise QueryError(whole, f"the range ends at {high:g}, before its start at {low:g}")
    return Between(name, low, high, negated)


def _number_field(whole: str, name: str, vocabulary: Vocabulary) -> str:
    number = vocabulary.numbers.get(name.lower())
    if number is not None:
        return number
    if name.lower() in vocabulary.texts:
        raise QueryError(whole, f"{name} is a text; write {name}:word")
    raise QueryError(whole, f"there is no {name!r}; known are {vocabulary.known()}")


TRANSACTION_WORDS = Vocabulary(
    numbers={
        "t": "t",
        "pre": "pre",
        "pre_loss": "pre",
        "post": "post",
        "post_loss": "post",
        "loss": "loss",
        "delta": "delta",
        "change": "change",
        "delta%": "change",
        "grad": "grad",
        "grad_norm": "grad",
        "pre_h": "pre_h",
        "pre_max_h": "pre_h",
        "post_h": "post_h",
        "post_max_h": "post_h",
        "h": "h",
        "lr": "lr",
        "mu": "mu",
        "implied_mu": "mu",
    },
    texts={"status": "status"},
    bare="status",
)
"""`loss` is post_loss where it was measured, else pre_loss; `h` likewise the larger of both;
`change` is the change of the loss in percent."""


def number_of(events: Transactions, name: str) -> Floats:
    """A column [n] of the transactions by its field of TRANSACTION_WORDS; NaN where absent."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        match name:
            case "t":
                return events.t.astype(np.float64)
            case "pre":
                return events.pre_loss
            case "post":
                return events.post_loss
            case "loss":
                return np.where(np.isnan(events.post_loss), events.pre_loss, events.post_loss)
            case "delta":
                return np.asarray(events.post_loss - events.pre_loss)
            case "change":
                ratio = (events.post_loss - events.pre_loss) / events.pre_loss * 100
                return np.where(events.pre_loss == 0, np.nan, ratio)
            case "grad":
                return events.grad_norm
            case "pre_h":
                return events.pre_max_h
            case "post_h":
                return events.post_max_h
            case "h":
                return np.fmax(events.pre_max_h, events.post_max_h)
            case "lr":
                return events.lr
            case "mu":
                return events.implied_mu
    raise KeyError(name)


def matching(
    events: Transactions, query: Query, statuses: frozenset[str] | None = None
) -> Bools | None:
    """The transactions [n] that pass a query and a filter by status; None where all do."""
    if not query and statuses is None:
        return None

    def holds(_: str, word: str) -> Bools:
        outcome, names = events.outcomes()
        named = np.array([word in name.lower() for name in names])
        return np.asarray(named[outcome])

    shown = query.select(len(events), lambda name: number_of(events, name), holds)
    if statuses is not None:
        shown &= of_statuses(events, statuses)
    return shown


def check_statuses(query: Query, events: Transactions) -> None:
    """Raise QueryError for a word that no status of these transactions, nor a known one, holds."""
    names = (*events.statuses, UNDONE)
    for term in query.terms:
        if isinstance(term, Words):
            for word in term.words:
                if not any(word in name.lower() for name in names):
                    known = ", ".join(name.removeprefix("rollback_") for name in names)
                    raise QueryError(word, f"no status is called so; known are {known}")
