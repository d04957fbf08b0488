"""How Grafana shows a value: the text by unit and mapping, the colour by threshold and mapping."""
import math

GREY = "#6e7077"
COLOURS = {
    "green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "dark-red": "#c4162a", "yellow": "#fade2a", "blue": "#5794f2",
    "light-blue": "#8ab8ff", "super-light-blue": "#c0d8ff", "dark-blue": "#1f60c4", "purple": "#b877d9",
    "semi-dark-blue": "#3274d9", "transparent": "none",
}
SECONDS = ((60, 1, "s"), (3600, 60, "mins"), (86400, 3600, "hours"), (604800, 86400, "days"), (31536000, 604800, "weeks"),
           (math.inf, 31536000, "years"))


def colour(name):
    return COLOURS.get(name, name)


def number(value, decimals=None):
    """Three significant digits unless `decimals` is set, without trailing zeros."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    digits = max(0, 2 - int(math.floor(math.log10(abs(value))))) if value else 0
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value, decimals, base, units):
    size, index = abs(value), 0
    while size >= base and index < len(units) - 1:
        size, index = size / base, index + 1
    return f"{'-' if value < 0 else ''}{number(size, decimals)}{units[index]}"


def _seconds(value, decimals):
    if 0 < abs(value) < 1:
        return f"{number(value * 1000, decimals)} ms"
    limit, size, unit = next(step for step in SECONDS if abs(value) < step[0])
    del limit
    return f"{number(value / size, decimals)} {unit}"


def text(value, unit, decimals=None):
    if unit.startswith("suffix:"):
        return f"{number(value, decimals)} {unit.removeprefix('suffix:')}"
    shown = {
        "percentunit": lambda: number(value * 100, decimals) + "%",
        "s": lambda: _seconds(value, decimals),
        "bytes": lambda: _scaled(value, decimals, 1024, (" B", " KiB", " MiB", " GiB")),
        "short": lambda: _scaled(value, decimals, 1000, ("", " K", " Mil")),
    }
    return shown.get(unit, lambda: number(value, decimals))()


def config_of(panel, field):
    """The field's defaults, with the overrides for its name and `custom` merged in."""
    defaults = panel["fieldConfig"]["defaults"]
    config = dict(defaults, custom=dict(defaults.get("custom", {})))
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] != field:
            continue
        for each in override["properties"]:
            if each["id"].startswith("custom."):
                config["custom"][each["id"][7:]] = each["value"]
            else:
                config[each["id"]] = each["value"]
    return config


def display(config, value):
    """(text, colour name) of a value. None means no data; unless mapped, it has the colour of the lowest threshold."""
    missing = value is None or isinstance(value, float) and math.isnan(value)
    shade = (config["thresholds"]["steps"][0]["color"])
    if not missing and not isinstance(value, str):
        for step in config["thresholds"]["steps"]:
            if step["value"] is None or value >= step["value"]:
                shade = step["color"]
    for mapping in config.get("mappings", []):
        if mapping["type"] == "special":
            if missing and mapping["options"]["match"] == "null+nan":
                result = mapping["options"]["result"]  # It overrides `noValue`.
                return result["text"], result.get("color", shade)
        elif not missing:
            key = value if isinstance(value, str) else number(value)
            if key in mapping["options"]:
                return mapping["options"][key]["text"], mapping["options"][key].get("color", shade)
    if missing:
        return config.get("noValue", ""), shade
    return (value if isinstance(value, str) else text(value, config["unit"], config.get("decimals"))), shade
