"""Text that packs like real stylesheets, scripts and drawings: by gzip to a quarter or so."""

from __future__ import annotations

import random

LINES_OF_A_POOL = 20_000
"""About 800 kB: much more than gzip's window, so that a file does not repeat itself to it."""
SYLLABLES = [a + b for a in "bcdfghklmnprstvwxz" for b in "aeiou"]

TEMPLATES = {
    "css": (
        ".{a}-{b}{{display:flex;padding:{n}px {m}px;color:#{x}}}",
        ".{a} .{b}:hover,.{c}>li{{background-color:#{x};opacity:.{n}}}",
        "#{a} .{c}::before{{content:'';position:absolute;top:{n}px;left:-{m}px}}",
        "/* {a} {b}: {c} before {a} */",
        ".{b}__{c}--{a}{{transition:transform .{n}s ease-in-out;transform:rotate({m}deg)}}",
        "@media(max-width:{n}{m}px){{.{a}{{width:calc(100% - {m}px);margin:0 auto}}}}",
    ),
    "js": (
        "function {a}{b}({a},{b}){{return {a}.{c}({b},{n})||{{{c}:{m}}};}}",
        "  var {a}=this.{b}.{c}[{n}];if({a}!=null&&{a}.length>{m}){{{b}({a});}}",
        '  const {b} = document.querySelector(".{a}-{c}");',
        "  // {a} {b} when the {c} is {n}",
        '  {a}.addEventListener("{c}",function({b}){{{b}.preventDefault();{a}.{b}({m});}});',
        'export const {c}{b}={{{a}:"{b}",{b}:{n},{c}:["{a}","{c}"]}};',
    ),
    "svg": (
        '<path fill="#{x}" d="M{n} {m}c{m}.{n}-{n}.{m} {n} {m} {m}-{n}z"/>',
        '<g transform="translate({n} {m})"><circle r="{m}" cx="{n}" cy="{n}.{m}"/></g>',
        '<rect x="{n}" y="{m}" width="{m}{n}" height="{n}" rx="2" class="{a}"/>',
    ),
    "json": (
        '{{"{a}":"{b} {c} {a}","{c}":{n},"{b}":[{m},{n}]}},',
        '{{"id":{n}{m},"name":"{a}{c}","tags":["{b}","{c}"],"on":true}},',
    ),
    "map": (
        '"{a}AA{b}CAAS,{c}EAAE,{x}AAM;QACJ,{a}IAAI",',
        '"../src/{a}/{b}.ts","webpack://{c}/{b}/{a}.js",',
    ),
}


class Texts:
    """Pools of lines, and pieces of them of a wanted size."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        # Few words are frequent and many are rare, as in real code.
        words = ["".join(self.random.choices(SYLLABLES, k=1 + n % 4)) for n in range(4_000)]
        weights = [1 / (rank + 3) for rank in range(len(words))]
        self.pools = {kind: self._pool(kind, words, weights) for kind in TEMPLATES}

    def _pool(self, kind: str, words: list[str], weights: list[float]) -> list[str]:
        chosen = self.random.choices(words, weights, k=3 * LINES_OF_A_POOL)
        number = self.random.randrange
        return [
            template.format(
                a=chosen[3 * index],
                b=chosen[3 * index + 1],
                c=chosen[3 * index + 2],
                n=number(100),
                m=number(40),
                x=f"{number(4096):03x}",
            )
            for index, template in enumerate(
                self.random.choices(TEMPLATES[kind], k=LINES_OF_A_POOL)
            )
        ]

    def lines(self, kind: str, size: int) -> list[str]:
        """Lines of at least `size` characters, in runs taken from anywhere in the pool."""
        pool = self.pools[kind]
        chosen: list[str] = []
        length = 0
        while length < size:
            start = self.random.randrange(len(pool) - 40)
            for line in pool[start : start + 40]:
                chosen.append(line)
                length += len(line) + 1
                if length >= size:
                    break
        return chosen
