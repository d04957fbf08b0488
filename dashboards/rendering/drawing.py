"""Draws panels as SVG, laid out as in the dashboard."""
import html
import math
import time

from . import frames, values
from .answers import legend

UNIT_WIDTH, UNIT_HEIGHT, GAP = 60, 36, 8  # the grid's, in pixels
BACKGROUND, PANEL, LINE, TEXT, FAINT = "#111217", "#181b1f", "#2c3235", "#d8d9da", "#9fa3a8"
PALETTE = ["#73bf69", "#fade2a", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#37872d", "#fa6400", "#e0b400",
           "#c4162a", "#ca95e5"]
TITLE_HEIGHT, ROW_HEIGHT = 26, 32


def clipped(text, width, size):
    """The text, truncated if it would not fit. A letter is a little over half as wide as it is high."""
    most = max(1, int(width / (size * 0.56)))
    return text if len(text) <= most else text[:most - 1] + "…"


class Canvas:
    """Collects SVG elements. Positions are rounded to whole pixels, which keeps the file small."""

    def __init__(self):
        self.parts = []

    def box(self, x, y, width, height, fill, extra=""):
        # pylint: disable=too-many-arguments
        if width > 0 and height > 0 and fill != "none":
            self.parts.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"{extra}/>')

    def text(self, x, y, text, size=12, fill=TEXT, anchor="start", bold=False):
        # pylint: disable=too-many-arguments
        style = (f' font-size="{size}"' if size != 12 else "") + (f' text-anchor="{anchor}"' if anchor != "start" else "")
        style += ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" fill="{fill}"{style}>{html.escape(text)}</text>')

    def path(self, points, stroke, fill="none"):
        """A line, or an outlined area."""
        data = "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points) + ("Z" if fill != "none" else "")
        opacity = ' fill-opacity=".55"' if fill != "none" else ""
        self.parts.append(f'<path d="{data}" stroke="{stroke}" fill="{fill}"{opacity}/>')


def draw_stat(canvas, panel, answers, area):
    x, y, width, height = area
    answer = answers.of(panel["targets"][0])
    text, shade = values.display(values.config_of(panel, panel["title"]), answer[0][1] if answer else None)
    canvas.box(x, y - TITLE_HEIGHT, width, height + TITLE_HEIGHT, values.colour(shade), ' rx="2"')
    canvas.text(x + 8, y - 8, clipped(panel["title"], width - 16, 13), 13, "#ffffff", bold=True)
    size = min(38, height * 0.55, (width - 20) / max(1, len(text)) / 0.58)
    canvas.text(x + width / 2, y + height / 2 + size / 3, text, round(size), "#ffffff", "middle", True)


def draw_table(canvas, panel, answers, area):
    x, y, width, height = area
    fields = frames.table(panel, answers)
    if not fields or not next(iter(fields.values())):
        draw_nothing(canvas, panel, area)
        return
    columns = []
    for name, column in fields.items():
        config = values.config_of(panel, name)
        shown = [values.display(config, value) for value in column]
        longest = max([len(name)] + [len(text) for text, _ in shown])
        left = any(isinstance(value, str) for value in column) or config["custom"]["align"] == "left"
        columns.append((name, config, shown, longest + 2, left))
    fixed = [config["custom"].get("width", 0) for _, config, *_ in columns]
    share = (width - sum(fixed)) / (sum(column[3] for column, wide in zip(columns, fixed) if not wide) or 1)
    count = int((height - ROW_HEIGHT) // ROW_HEIGHT)
    if count < len(columns[0][2]):
        count = int((height - ROW_HEIGHT - 12) // ROW_HEIGHT)
    hidden = max(0, len(columns[0][2]) - count)
    for (name, config, shown, longest, left), wide in zip(columns, fixed):
        part = wide or share * longest
        at, anchor = (x + 8, "start") if left else (x + part - 8, "end")
        canvas.text(at, y + 20, clipped(name, part - 8, 12), 12, "#6e9fff", anchor, True)
        for index, (text, shade) in enumerate(shown[:count]):
            top = y + ROW_HEIGHT * (index + 1)
            style = config["custom"]["cellOptions"]["type"]
            fill = TEXT
            if style == "color-background" and values.colour(shade) != "none":
                canvas.box(x + 2, top, part - 4, ROW_HEIGHT - 2, values.colour(shade))
                fill = "#111217" if shade in ("yellow", "super-light-blue", "light-blue") else "#ffffff"
            elif style == "color-text":
                fill = values.colour(shade)
            canvas.text(at, top + 20, clipped(text, part - 10, 12), fill=fill, anchor=anchor)
        x += part
    if hidden:
        canvas.text(area[0] + 8, y + height - 4, f"{hidden} more rows, scroll", 10, FAINT)


def draw_bar_chart(canvas, panel, answers, area):
    x, y, width, height = area
    fields = frames.table(panel, answers)
    if not fields:
        draw_nothing(canvas, panel, area)
        return
    names = fields.pop(panel["options"]["xField"])
    series = [(name, column, values.colour(values.config_of(panel, name)["color"].get("fixedColor", "blue")))
              for name, column in fields.items()]
    left = 120
    legend_lines = legend_rows([(name, shade) for name, _, shade in series], width - 16)
    height -= 24 + 16 * len(legend_lines)
    most = ceiling(max(sum(column[index] for _, column, _ in series) for index in range(len(names))), whole=True)
    step = height / len(names)
    for index, name in enumerate(names):
        at = x + left
        canvas.text(at - 8, y + step * (index + 0.5) + 4, name, anchor="end")
        for _, column, shade in series:
            part = (width - left - 16) * column[index] / most
            canvas.box(at, y + step * (index + 0.2), part, step * 0.6, shade)
            if part > 26:
                canvas.text(at + part / 2, y + step * (index + 0.5) + 4, values.number(column[index]), 11, "#111217", "middle")
            at += part
    for part in range(5):
        canvas.text(x + left + (width - left - 16) * part / 4, y + height + 12, values.number(most * part / 4), 10, FAINT,
                    "middle")
    for line, entries in enumerate(legend_lines):
        for at, name, shade in entries:
            canvas.box(x + 8 + at, y + height + 24 + 16 * line, 12, 4, shade)
            canvas.text(x + 24 + at, y + height + 30 + 16 * line, name, 11, FAINT)


def legend_rows(names, width):
    """[[(x, name, colour)]]: the entries of the legend, wrapped to `width`."""
    lines, x = [[]], 0
    for name, shade in names:
        needed = len(name) * 6 + 30
        if x + needed > width:
            lines, x = [*lines, []], 0
        lines[-1].append((x, name, shade))
        x += needed
    return lines


class Scale:
    """Maps values to pixels."""

    def __init__(self, area, across, up):
        self.area, self.across, self.up = area, across, up

    def x(self, value):
        return self.area[0] + self.area[2] * (value - self.across[0]) / ((self.across[1] - self.across[0]) or 1)

    def y(self, value):
        return self.area[1] + self.area[3] * (1 - (value - self.up[0]) / ((self.up[1] - self.up[0]) or 1))


def ceiling(value, whole=False, unit=1):
    """The next round number that divides into four steps, as a multiple of `unit`; `whole`: the steps are whole numbers."""
    value /= unit
    if value <= 0 or whole and value < 4:
        return unit * (4 if whole else 1)
    size = 10 ** math.floor(math.log10(value))
    parts = (size * part for part in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10, 12))
    return unit * next(part for part in parts if part >= value and not (whole and part % 4))


CALCULATIONS = {"lastNotNull": ("Last", lambda numbers: numbers[-1]), "max": ("Max", max), "min": ("Min", min),
                "sum": ("Total", sum),
                "mean": ("Mean", lambda numbers: sum(numbers) / len(numbers))}


def draw_time_series(canvas, panel, answers, area):
    x, y, width, height = area
    series = [(legend(target, labels, panel), [(at, value) for at, value in points if not math.isnan(value)])
              for target in panel["targets"] for labels, points in answers.of(target)]
    series = [(name, points) for name, points in series if points]
    if not series:
        draw_nothing(canvas, panel, area)
        return
    config = panel["fieldConfig"]["defaults"]
    stacked = config["custom"]["stacking"]["mode"] == "normal"
    shades = [values.colour(values.config_of(panel, name)["color"].get("fixedColor", PALETTE[index % len(PALETTE)]))
              for index, (name, _) in enumerate(series)]
    beside = panel["options"]["legend"]["placement"] == "right"
    entries = min(len(series), int(height // 16) if beside else 4)
    needed = max(len(name) for name, _ in series) * 7 + 40 + 76 * len(panel["options"]["legend"]["calcs"])
    legend_width = min(needed, width * 0.6) if beside else 0
    below = 18 if beside else 18 + 16 * entries + 12
    sums, drawn = {}, []
    for name, points in series:
        base = [(at, sums.get(at, 0) if stacked else 0) for at, _ in points]
        line = [(at, value + (sums.get(at, 0) if stacked else 0)) for at, value in points]
        if stacked:
            sums.update(line)
        drawn.append((name, base, line))
    highest = max(value for _, _, line in drawn for _, value in line)
    top = config.get("max") or ceiling(highest, config.get("decimals") == 0, 2**20 if config["unit"] == "bytes" else 1)
    graph = (x + 64, y + 4, width - 76 - legend_width, height - below - 8)
    scale = Scale(graph, (answers.start, answers.end), (0, top))
    for part in range(5):
        level = graph[1] + graph[3] * (1 - part / 4)
        canvas.box(graph[0], level, graph[2], 1, LINE)
        canvas.text(graph[0] - 6, level + 4, values.text(top * part / 4, config["unit"]), 10, FAINT, "end")
    for part in range(5):
        at = answers.start + (answers.end - answers.start) * part / 4
        form = "%H:%M" if answers.end - answers.start < 86400 else "%b %d"
        canvas.text(scale.x(at), graph[1] + graph[3] + 14, time.strftime(form, time.gmtime(at)), 10, FAINT, "middle")
    for (_, base, line), shade in zip(drawn, shades):
        if config["custom"]["drawStyle"] == "bars":
            wide = 0.8 * (scale.x(answers.step_of(panel["targets"][0])) - scale.x(0))
            for (at, low), (_, high) in zip(base, line):
                left = max(graph[0], scale.x(at) - wide)
                canvas.box(left, scale.y(high), scale.x(at) - left, scale.y(low) - scale.y(high), shade)
            continue
        edge = [(scale.x(at), scale.y(value)) for at, value in line]
        canvas.path(edge + [(scale.x(at), scale.y(value)) for at, value in reversed(base)] if stacked else edge, shade,
                    shade if stacked else "none")
    draw_legend_table(canvas, panel, series, shades,
                      (x + width - legend_width, y + 8) if beside else (x + 12, graph[1] + graph[3] + 30),
                      legend_width if beside else width - 12, entries)


def draw_legend_table(canvas, panel, series, shades, corner, width, entries):
    # pylint: disable=too-many-arguments
    x, y = corner
    config = panel["fieldConfig"]["defaults"]
    calculations = [CALCULATIONS[name] for name in panel["options"]["legend"]["calcs"]]
    for index, (title, _) in enumerate(reversed(calculations)):
        canvas.text(x + width - 12 - index * 76, y + 4, title, 10, FAINT, "end")
    for row, ((name, points), shade) in enumerate(list(zip(series, shades))[:entries]):
        level = y + 18 + row * 16
        canvas.box(x, level - 5, 12, 4, shade)
        canvas.text(x + 16, level, clipped(name, width - 28 - 76 * len(calculations), 11), 11)
        numbers = [value for _, value in points]
        for index, (_, calculate) in enumerate(reversed(calculations)):
            shown = values.text(calculate(numbers), config["unit"], config.get("decimals"))
            canvas.text(x + width - 12 - index * 76, level, shown, 11, TEXT, "end")


def draw_nothing(canvas, panel, area):
    x, y, width, height = area
    canvas.text(x + width / 2, y + height / 2, panel["fieldConfig"]["defaults"]["noValue"], 14, FAINT, "middle")


DRAW = {"stat": draw_stat, "table": draw_table, "barchart": draw_bar_chart,
        "timeseries": draw_time_series}


def svg(dashboard, answers, caption):
    """Draws the whole dashboard."""
    canvas = Canvas()
    width = 24 * UNIT_WIDTH + GAP
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    head = 44
    height = head + bottom * UNIT_HEIGHT + 24
    canvas.box(0, 0, width, height, BACKGROUND)
    canvas.text(GAP, 28, dashboard["title"], 20, bold=True)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        x, y = GAP + place["x"] * UNIT_WIDTH, head + place["y"] * UNIT_HEIGHT
        wide, high = place["w"] * UNIT_WIDTH - GAP, place["h"] * UNIT_HEIGHT - GAP
        if panel["type"] == "row":
            canvas.text(x, y + 22, panel["title"], 15, bold=True)
            continue
        canvas.parts.append(f"<g><title>{html.escape(panel['title'] + ': ' + panel['description'])}</title>")
        canvas.box(x, y, wide, high, PANEL, f' rx="2" stroke="{LINE}"')
        canvas.text(x + 8, y + 18, clipped(panel["title"], wide - 16, 13), 13, bold=True)
        DRAW[panel["type"]](canvas, panel, answers, (x, y + TITLE_HEIGHT, wide, high - TITLE_HEIGHT - 4))
        canvas.parts.append("</g>")
    canvas.text(GAP, height - 8, caption, 11, FAINT)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="Inter, Helvetica, Arial, sans-serif" font-size="12">\n' + "\n".join(canvas.parts) + "\n</svg>\n")
