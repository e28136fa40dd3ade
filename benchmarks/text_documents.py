"""Documents of different kinds, the same everywhere: made from a seed, or of what every
installation of tttui carries. None is part of what the shipped base was trained on, except that
`documentation` is the end of the same book, held out."""

import argparse
import csv
import html.entities
import io
import json
import pydoc_data.topics
import random
from collections.abc import Mapping
from importlib.metadata import files
from pathlib import Path

import numpy as np

SIZE = 24_000
"""Bytes of each."""


def corpus() -> bytes:
    """What the base is trained on, but for its end: the documentation that every Python carries."""
    topics = pydoc_data.topics.topics
    return "\n\n".join(topics[name] for name in sorted(topics)).encode()


def documents(size: int = SIZE) -> Mapping[str, bytes]:
    """By name, in the order of the table."""
    found = {
        "Python": Path(argparse.__file__).read_bytes(),
        "C header": (Path(np.get_include()) / "numpy" / "ndarraytypes.h").read_bytes(),
        "licences": _licences(),
        "documentation": corpus()[-23_000:],
        "German": _german(size),
        "CSV": _table(size),
        "JSON": json.dumps(html.entities.html5, indent=1).encode(),
        "log": _log(size),
        "random": random.Random(0).randbytes(size),
    }
    parts = [found[name] for name in ("Python", "German", "CSV", "licences", "log", "JSON")]
    found["mixed"] = b"".join(part[8000:12_000] for part in parts)
    return {name: content[:size] for name, content in found.items()}


def _licences() -> bytes:
    """The GPL and its kin, as numpy carries them."""
    for file in files("numpy") or ():
        if str(file).endswith("licenses/LICENSE.txt"):
            return Path(str(file.locate())).read_bytes()[8000:]
    raise FileNotFoundError("numpy carries no licence here")


def _german(size: int) -> bytes:
    """Sentences about a village, put together at random."""
    draw = random.Random(1)
    who = "der Bäcker,die Müllerin,der alte Schäfer,die Lehrerin,ein Wanderer,der Bürgermeister"
    did = "erzählte,vergaß,suchte,verkaufte,fand,brauchte,kaufte,versprach,zeigte,versteckte"
    what = "das Brot,die Laterne,einen Schlüssel,die Geschichte,das Fahrrad,den Brief,die Kühe"
    when = "am Morgen,im Winter,nach dem Regen,jeden Sonntag,kurz vor Mitternacht,während der Ernte"
    where = "auf dem Marktplatz,hinter der Kirche,am Fluss,im Wirtshaus,unter der Brücke,im Wald"
    why = "weil es kalt war,obwohl niemand fragte,damit die Kinder lachten,bevor der Zug abfuhr"

    def one(words: str) -> str:
        return draw.choice(words.split(","))

    text = ""
    while len(text) < size:
        middle = draw.choice([f"{one(when)} {one(what)}", f"{one(what)} {one(where)}"])
        start, end = one(who), draw.choice([f", {one(why)}", f" {one(where)}", ""])
        sentence = f"{start[0].upper()}{start[1:]} {one(did)} {middle}{end}."
        text += sentence + draw.choice([" ", " ", " ", "\n\n"])
    return text.encode()


def _table(size: int) -> bytes:
    """A time series of a few sensors."""
    draw, out = random.Random(2), io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["time", "sensor", "temperature", "humidity", "status"])
    for i in range(size // 30):
        name = f"hall-{draw.randrange(6)}"
        clock = f"2025-03-{1 + i // 288:02d}T{i // 12 % 24:02d}:{i % 12 * 5:02d}:00"
        values = round(draw.gauss(21, 2), 2), round(draw.uniform(30, 60), 1)
        rows.writerow([clock, name, *values, draw.choice(["ok", "ok", "ok", "late"])])
    return out.getvalue().encode()


def _log(size: int) -> bytes:
    """What a web server says."""
    draw, text, ms = random.Random(3), "", 0
    while len(text) < size:
        ms += draw.randrange(900)
        clock = f"12:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
        path = draw.choice(["/", "/login", "/api/v1/users", "/api/v1/orders", "/static/app.js"])
        code = draw.choice([200, 200, 200, 304, 404, 500])
        where = f"10.0.{draw.randrange(4)}.{draw.randrange(256)}"
        text += f"{clock} INFO  [worker-{draw.randrange(8)}] {where} GET {path} {code} "
        text += f"{draw.randrange(1, 400)}ms\n"
        if code == 500:
            text += f"{clock} ERROR [database] connection {draw.randrange(10_000)} timed out\n"
    return text.encode()
