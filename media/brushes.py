"""Brushes for draw.py. Places and sizes are fractions: of the width, or for y of the height."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

FINE = 2
"""Everything is drawn twice as large and shrunk at the end: that is what smooths the edges."""

Point = tuple[float, float]
Stops = Sequence[tuple[float, str]]
"""A gradient from top to bottom: fractions of the height, 0 to 1, and the colour there."""


def canvas(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", (size[0] * FINE, size[1] * FINE))


def at(picture: Image.Image, place: Point) -> Point:
    return place[0] * picture.width, place[1] * picture.height


def dice(seed: int) -> random.Random:
    """The same chances on every run."""
    return random.Random(seed)  # noqa: S311  (a picture, not a secret)


def paint(picture: Image.Image, stops: Stops, mask: Image.Image | None = None) -> None:
    """Lay a gradient over the picture, or over the part of it that is white in the mask."""
    column = Image.new("RGB", (1, picture.height))
    column.putdata([shade(stops, y / picture.height) for y in range(picture.height)])
    picture.paste(column.resize(picture.size), mask=mask)


def shade(stops: Stops, height: float) -> tuple[int, ...]:
    for (low, above), (high, below) in pairwise(stops):
        if height < high:
            return mixed(above, below, max(0.0, (height - low) / (high - low)))
    return ImageColor.getrgb(stops[-1][1])


def mixed(one: str, other: str, share: float) -> tuple[int, ...]:
    pairs = zip(ImageColor.getrgb(one), ImageColor.getrgb(other), strict=True)
    return tuple(round(a + (b - a) * share) for a, b in pairs)


def stencil(picture: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", picture.size)
    return mask, ImageDraw.Draw(mask)


def oval(picture: Image.Image, *, centre: Point, size: Point, colour: str, blur: float = 0) -> None:
    mask, pen = stencil(picture)
    (x, y), (width, height) = at(picture, centre), at(picture, size)
    pen.ellipse((x - width / 2, y - height / 2, x + width / 2, y + height / 2), fill=255)
    picture.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(blur * FINE)) if blur else mask)


def disc(picture: Image.Image, *, centre: Point, radius: float, colour: str) -> None:
    tall = radius * picture.width / picture.height
    oval(picture, centre=centre, size=(2 * radius, 2 * tall), colour=colour)


def shape(picture: Image.Image, points: Sequence[Point], colour: str) -> None:
    ImageDraw.Draw(picture).polygon([at(picture, point) for point in points], fill=colour)


def glow(
    picture: Image.Image, *, centre: Point, radius: float, colour: str, strength: float
) -> None:
    light = ImageChops.invert(Image.radial_gradient("L"))
    # The gradient reaches its corners; the fourth power keeps its square edge from showing.
    light = light.point([round(255 * strength * (value / 255) ** 4) for value in range(256)])
    side = round(3 * radius * picture.width)
    x, y = at(picture, centre)
    mask = Image.new("L", picture.size)
    mask.paste(light.resize((side, side)), (round(x - side / 2), round(y - side / 2)))
    picture.paste(colour, mask=mask)


def curve(start: Point, bend: Point, end: Point, steps: int = 40) -> list[Point]:
    """A curve that leaves towards `bend` and arrives from it."""
    points = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        points.append(
            (
                a * start[0] + b * bend[0] + c * end[0],
                a * start[1] + b * bend[1] + c * end[1],
            )
        )
    return points


def thick(picture: Image.Image, line: Sequence[Point], width: float, colour: str) -> None:
    """A line with round joints and ends."""
    pen, points, half = ImageDraw.Draw(picture), [at(picture, p) for p in line], width / 2
    pen.line(points, fill=colour, width=round(width * picture.width))
    for x, y in points:
        reach = half * picture.width
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)


def grained(picture: Image.Image, *, seed: int, strength: float) -> Image.Image:
    """The picture on paper: a soft, coarse grain."""
    chance = dice(seed)
    small = (picture.width // 8, picture.height // 8)
    grain = Image.new("L", small)
    grain.putdata([chance.randrange(256) for _ in range(small[0] * small[1])])
    grain = grain.resize(picture.size, Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(picture, ImageChops.soft_light(picture, grain), strength)
