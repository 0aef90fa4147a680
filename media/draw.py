"""Draw the pictures beside this file: python -m media.draw

Three backgrounds the size of a phone and two pictures to text, all from shapes and a seed, so that
a change of taste is a change of this file. List a new one in prompts/media.toml.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from media.brushes import (
    FINE,
    Point,
    at,
    canvas,
    curve,
    dice,
    disc,
    glow,
    grained,
    mixed,
    oval,
    paint,
    shape,
    stencil,
    thick,
)

HERE = Path(__file__).parent
PHONE = (1170, 2532)
CARD = (1200, 1200)


def main() -> None:
    for draw, size in [(dusk, PHONE), (ocean, PHONE), (stars, PHONE), (cake, CARD), (cafe, CARD)]:
        picture = draw().resize(size, Image.Resampling.LANCZOS)
        picture.save(HERE / f"{draw.__name__}.jpg", quality=87, optimize=True)


def dusk() -> Image.Image:
    chance = dice(3)
    picture = canvas(PHONE)
    paint(picture, [(0, "#231f4a"), (0.22, "#574a86"), (0.42, "#a884b6"), (0.56, "#e9a9a6"),
                    (0.66, "#f9cf9f"), (1, "#f9cf9f")])  # fmt: skip
    sprinkle_stars(picture, chance, count=150, lowest=0.36)
    glow(picture, centre=(0.66, 0.655), radius=0.55, colour="#ffe3b0", strength=0.75)
    disc(picture, centre=(0.66, 0.648), radius=0.052, colour="#fff3d6")
    for top, height, tops, mist in [
        (0.660, 0.030, "#b98cab", "#e3b3b3"),
        (0.705, 0.042, "#8d6c9c", "#c193b0"),
        (0.760, 0.048, "#665089", "#96719f"),
        (0.825, 0.050, "#453a70", "#6c5289"),
        (0.900, 0.046, "#28244f", "#463a6b"),
    ]:
        ridge = hill(chance, top=top, height=height)
        paint(picture, [(0, tops), (top - height, tops), (min(top + 0.13, 1), mist)], ridge)
    return picture


def ocean() -> Image.Image:
    chance = dice(8)
    picture = canvas(PHONE)
    horizon = 0.40
    paint(picture, [(0, "#a9cbd9"), (0.25, "#d8e4df"), (horizon, "#f8e6d0"), (1, "#f8e6d0")])
    glow(picture, centre=(0.5, 0.345), radius=0.5, colour="#fff4dd", strength=0.9)
    disc(picture, centre=(0.5, 0.345), radius=0.062, colour="#fffaf0")
    water = band(horizon, 1)
    depths = [(horizon, "#b9d2cf"), (0.5, "#7fb0b8"), (0.72, "#3f8094"), (1, "#1c536b")]
    paint(picture, depths, water)
    swell(picture, chance, horizon)
    glitter(picture, chance, horizon)
    sail(picture, foot=(0.80, horizon + 0.004))
    return picture


def stars() -> Image.Image:
    picture = canvas(PHONE)
    paint(picture, [(0, "#1b2547"), (0.6, "#2a3966"), (1, "#3a4a78")])
    hanging = [
        (0.17, 0.155, 0.085, 8, "#f3e3c3"),
        (0.44, 0.065, 0.060, -14, "#e7a98f"),
        (0.78, 0.120, 0.105, 20, "#efc66b"),
        (0.63, 0.270, 0.056, 2, "#c9d7ea"),
        (0.92, 0.365, 0.060, -18, "#f3e3c3"),
        (0.09, 0.430, 0.052, 24, "#efc66b"),
        (0.30, 0.300, 0.062, -6, "#d99fb4"),
        (0.95, 0.610, 0.046, 10, "#d99fb4"),
        (0.05, 0.700, 0.040, -10, "#c9d7ea"),
    ]
    fallen = [
        (0.88, 0.865, 0.066, -24, "#efc66b"),
        (0.24, 0.905, 0.100, 14, "#e7a98f"),
        (0.55, 0.955, 0.080, -20, "#f3e3c3"),
    ]
    pen = ImageDraw.Draw(picture)
    for x, y, *_ in hanging:
        pen.line([at(picture, (x, y)), at(picture, (x, 0))], fill="#8f9ac0", width=FINE)
    for x, y, radius, turn, colour in hanging + fallen:
        paper_star(picture, centre=(x, y), radius=radius, turn=turn, colour=colour)
    return grained(picture, seed=5, strength=0.12)


def cake() -> Image.Image:
    picture = canvas(CARD)
    paint(picture, [(0, "#fdf1e3"), (1, "#f8ddcf")])
    confetti(picture, dice(21))
    oval(picture, centre=(0.5, 0.800), size=(0.80, 0.155), colour="#e6bfb2", blur=14)
    oval(picture, centre=(0.5, 0.775), size=(0.80, 0.170), colour="#ffffff")
    oval(picture, centre=(0.5, 0.768), size=(0.62, 0.115), colour="#eef3f6")
    oval(picture, centre=(0.53, 0.765), size=(0.52, 0.060), colour="#cfd8de", blur=10)
    slice_of_cake(picture)
    candle(picture, foot=(0.585, 0.405))
    return picture


def cafe() -> Image.Image:
    picture = canvas(CARD)
    streets(picture)
    oval(picture, centre=(0.5, 0.845), size=(0.24, 0.055), colour="#8d9a84", blur=16)
    pin(picture)
    cup(picture)
    return picture


def hill(chance: random.Random, *, top: float, height: float) -> Image.Image:
    """A mask of everything below a rolling line."""
    mask = Image.new("L", (PHONE[0] * FINE, PHONE[1] * FINE))
    waves = [[chance.uniform(*of) for of in [(0.6, 3.2), (0, 7), (0.3, 1)]] for _ in range(4)]
    total = sum(size for *_, size in waves)
    line = []
    for x in range(0, mask.width + FINE, FINE):
        roll = sum(s * math.sin(speed * 3 * x / mask.width + turn) for speed, turn, s in waves)
        line.append((x, (top - height * roll / total) * mask.height))
    ImageDraw.Draw(mask).polygon([*line, (mask.width, mask.height), (0, mask.height)], fill=255)
    return mask


def sprinkle_stars(
    picture: Image.Image, chance: random.Random, *, count: int, lowest: float
) -> None:
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(count):
        depth = chance.random()
        x, y = at(picture, (chance.random(), lowest * depth**1.3))
        radius = chance.choice([1, 1, 1.5, 2]) * FINE
        light = round(210 * (1 - depth) * chance.uniform(0.4, 1))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, 230, light))


def band(top: float, bottom: float) -> Image.Image:
    mask = Image.new("L", (PHONE[0] * FINE, PHONE[1] * FINE))
    ImageDraw.Draw(mask).rectangle(
        (0, top * mask.height, mask.width, bottom * mask.height), fill=255
    )
    return mask


def swell(picture: Image.Image, chance: random.Random, horizon: float) -> None:
    """Long quiet lines, finer towards the horizon."""
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(420):
        near = chance.random() ** 1.6
        x, y = at(picture, (chance.uniform(-0.1, 1.0), horizon + 0.006 + (1 - horizon) * near))
        length, thick = (30 + 330 * near) * FINE, (0.7 + 4 * near) * FINE
        tone = chance.choice([(255, 255, 255), (16, 66, 88)])
        pen.ellipse((x, y, x + length, y + thick), fill=(*tone, round(26 + 16 * near)))


def glitter(picture: Image.Image, chance: random.Random, horizon: float) -> None:
    """The sun's path on the water."""
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(520):
        near = chance.random() ** 1.5
        wide = 0.035 + 0.17 * near
        x, y = at(picture, (chance.gauss(0.5, wide / 2), horizon + 0.004 + 0.48 * near))
        length, thick = (14 + 90 * near) * FINE, (1.2 + 4 * near) * FINE
        light = round(150 * (1 - near) ** 0.8 * chance.uniform(0.5, 1))
        pen.ellipse((x - length / 2, y, x + length / 2, y + thick), fill=(255, 247, 228, light))


def sail(picture: Image.Image, *, foot: Point) -> None:
    x, y = foot
    shape(picture, [(x, y), (x, y - 0.030), (x + 0.030, y - 0.002)], "#fffdf6")
    shape(picture, [(x - 0.006, y), (x - 0.006, y - 0.023), (x - 0.026, y - 0.002)], "#f3e6d6")
    shape(
        picture,
        [(x - 0.032, y), (x + 0.036, y), (x + 0.024, y + 0.0045), (x - 0.024, y + 0.0045)],
        "#7a5a50",
    )


def paper_star(
    picture: Image.Image, *, centre: Point, radius: float, turn: float, colour: str
) -> None:
    """A folded star of ten facets, lit from the upper left, with its shadow on the wall."""
    x, y = at(picture, centre)
    size = radius * picture.width
    rim = [
        (
            x + math.cos(angle) * size * (1 if corner % 2 == 0 else 0.46),
            y + math.sin(angle) * size * (1 if corner % 2 == 0 else 0.46),
        )
        for corner in range(10)
        for angle in [math.radians(turn - 90 + 36 * corner)]
    ]
    mask, pen = stencil(picture)
    pen.polygon([(a + size * 0.10, b + size * 0.22) for a, b in rim], fill=110)
    picture.paste("#0d1430", mask=mask.filter(ImageFilter.GaussianBlur(size * 0.09)))
    pen = ImageDraw.Draw(picture)
    for corner, (one, other) in enumerate(zip(rim, [*rim[1:], rim[0]], strict=True)):
        facing = math.radians(turn - 72 + 36 * corner)
        light = 0.5 - 0.5 * math.cos(facing - math.radians(45)) * (1 if corner % 2 else 0.55)
        if light > 0.5:
            tone = mixed(colour, "#ffffff", 0.45 * light)
        else:
            tone = mixed("#3a2f4d", colour, 0.62 + 0.76 * light)
        pen.polygon([(x, y), one, other], fill=tone)


TIP, FRONT, BACK = (0.225, 0.500), (0.735, 0.545), (0.800, 0.395)
"""The corners of the slice's top: its tip at the left, the two ends of its crust at the right."""
DEEP = 0.235


def slice_of_cake(picture: Image.Image) -> None:
    crust = curve(FRONT, (0.800, 0.470), BACK)
    for top, bottom, side, rind in [
        (0.00, 1.00, "#f3ce8e", "#f2a3b4"),
        (0.44, 0.56, "#fff8ee", "#f2a3b4"),
        (0.93, 1.00, "#e0b06f", "#e58fa3"),
    ]:
        for edge, colour in [([TIP, FRONT], side), (crust, rind)]:
            upper = [down(point, top) for point in edge]
            lower = [down(point, bottom) for point in edge]
            shape(picture, upper + lower[::-1], colour)
    crumbs(picture, dice(4))
    icing(picture)
    shape(picture, [TIP, *crust], "#fbc3cf")
    dollop(picture, centre=(0.655, 0.432))


def down(point: Point, share: float) -> Point:
    return point[0], point[1] + DEEP * share


def crumbs(picture: Image.Image, chance: random.Random) -> None:
    pen = ImageDraw.Draw(picture)
    for _ in range(90):
        along, deep = chance.random(), chance.choice([(0.16, 0.42), (0.58, 0.91)])
        edge = (TIP[0] + (FRONT[0] - TIP[0]) * along, TIP[1] + (FRONT[1] - TIP[1]) * along)
        x, y = at(picture, down(edge, chance.uniform(*deep)))
        radius = chance.uniform(1.5, 4) * FINE
        pen.ellipse((x - radius, y - radius, x + radius, y + radius * 0.7), fill="#e3b672")


def icing(picture: Image.Image) -> None:
    """What runs down the cut side, in drips."""
    pen = ImageDraw.Draw(picture)
    drips = [0.10, 0.20, 0.13, 0.26, 0.12, 0.17, 0.30, 0.14, 0.22]
    width = (FRONT[0] - TIP[0]) / len(drips)
    for index, length in enumerate(drips):
        left = TIP[0] + width * index
        top = TIP[1] + (FRONT[1] - TIP[1]) * (index + 0.5) / len(drips)
        box = (*at(picture, (left, top)), *at(picture, (left + width, top + DEEP * length)))
        radius = min(width / 2, DEEP * length / 2) * picture.width
        pen.rounded_rectangle(box, radius, fill="#f7b1c0", corners=(False, False, True, True))
    shape(picture, [TIP, FRONT, down(FRONT, 0.07), down(TIP, 0.07)], "#f7b1c0")


def dollop(picture: Image.Image, *, centre: Point) -> None:
    x, y = centre
    for rise, wide in [(0.0, 0.150), (-0.026, 0.112), (-0.050, 0.070)]:
        oval(picture, centre=(x, y + rise + 0.008), size=(wide, wide * 0.46), colour="#f0dcd2")
        oval(picture, centre=(x, y + rise), size=(wide, wide * 0.46), colour="#fffdf9")


def candle(picture: Image.Image, *, foot: Point) -> None:
    x, y = foot
    glow(picture, centre=(x, y - 0.235), radius=0.19, colour="#ffd98a", strength=0.8)
    pen = ImageDraw.Draw(picture)
    box = (*at(picture, (x - 0.013, y - 0.185)), *at(picture, (x + 0.013, y + 0.045)))
    pen.rounded_rectangle(box, radius=0.012 * picture.width, fill="#8fc1c9")
    for stripe in range(5):
        low = y - 0.145 + 0.04 * stripe
        shape(picture, [(x - 0.013, low), (x + 0.013, low - 0.02), (x + 0.013, low - 0.006),
                        (x - 0.013, low + 0.014)], "#ffffff")  # fmt: skip
    thick(picture, [(x, y - 0.185), (x, y - 0.205)], 0.004, "#5b4a46")
    for size, colour in [(1.0, "#f6a13c"), (0.55, "#fff1b8")]:
        tip, base = (x, y - 0.198 - 0.075 * size), (x, y - 0.196)
        right = curve(tip, (x + 0.042 * size, base[1] - 0.012 * size), base)
        left = curve(base, (x - 0.042 * size, base[1] - 0.012 * size), tip)
        shape(picture, right + left, colour)


def confetti(picture: Image.Image, chance: random.Random) -> None:
    for _ in range(110):
        x, y = chance.uniform(0.04, 0.96), chance.uniform(0.04, 0.66)
        colour = chance.choice(["#8fc1c9", "#f2a3b4", "#f0c15f", "#b7a6d6", "#9cc79a"])
        angle, long, thin = chance.uniform(0, math.pi), 0.013, 0.0045
        if (abs(x - 0.52) < 0.34 and y > 0.2) or abs(x - 0.585) < 0.17:  # room for cake and flame
            continue
        a, b = math.cos(angle), math.sin(angle)
        corners = [(long, thin), (long, -thin), (-long, -thin), (-long, thin)]
        shape(picture, [(x + p * a - q * b, y + p * b + q * a) for p, q in corners], colour)


def streets(picture: Image.Image) -> None:
    picture.paste("#f0eadb", (0, 0, *picture.size))
    shape(picture, [(0.60, 0), (1, 0), (1, 0.30), (0.66, 0.24)], "#cfe0bd")
    shape(picture, [(0, 0.60), (0.27, 0.66), (0.22, 1), (0, 1)], "#cfe0bd")
    river = curve((-0.05, 0.30), (0.40, 0.20), (0.52, -0.06))
    for width, colour in [(0.115, "#bcdbe6"), (0.085, "#a9d0df")]:
        thick(picture, river, width, colour)
    avenues = [
        [(-0.05, 0.62), (0.45, 0.74), (1.05, 0.70)],
        [(0.30, 1.05), (0.36, 0.55), (0.22, -0.05)],
        [(0.62, 1.05), (0.58, 0.60), (0.70, -0.05)],
        [(-0.05, 0.45), (0.50, 0.36), (1.05, 0.42)],
        [(0.86, 1.05), (0.84, 0.60), (0.916, 0.418)],
    ]
    for width, colour in [(0.046, "#e0d6bf"), (0.038, "#ffffff")]:
        for start, bend, end in avenues:
            thick(picture, curve(start, bend, end), width, colour)


def pin(picture: Image.Image) -> None:
    for grow, colour in [(0.012, "#ffffff"), (0.0, "#d9694a")]:
        tip = (0.5, 0.845 + grow)
        left = curve(tip, (0.285 - grow, 0.640), (0.265 - grow, 0.430))
        right = curve((0.735 + grow, 0.430), (0.715 + grow, 0.640), tip)
        shape(picture, left + right, colour)
        disc(picture, centre=(0.5, 0.415), radius=0.2355 + grow, colour=colour)
    disc(picture, centre=(0.5, 0.415), radius=0.178, colour="#fff8ec")


def cup(picture: Image.Image) -> None:
    pen = ImageDraw.Draw(picture)
    oval(picture, centre=(0.49, 0.500), size=(0.23, 0.034), colour="#e3cdb4")
    box = (*at(picture, (0.555, 0.405)), *at(picture, (0.630, 0.470)))
    pen.ellipse(box, outline="#6f4a3c", width=round(0.014 * picture.width))
    left = curve((0.395, 0.395), (0.400, 0.500), (0.450, 0.500))
    right = curve((0.530, 0.500), (0.580, 0.500), (0.585, 0.395))
    shape(picture, left + right, "#6f4a3c")
    oval(picture, centre=(0.49, 0.395), size=(0.19, 0.036), colour="#8a6152")
    oval(picture, centre=(0.49, 0.397), size=(0.165, 0.026), colour="#3e2720")
    for x, sway in [(0.452, 0.018), (0.490, -0.018), (0.528, 0.018)]:
        lower = curve((x, 0.372), (x + sway, 0.352), (x, 0.332))
        upper = curve((x, 0.332), (x - sway, 0.312), (x, 0.290))
        thick(picture, lower + upper, 0.0085, "#c9a78f")


if __name__ == "__main__":
    main()
