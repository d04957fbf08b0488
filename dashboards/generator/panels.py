"""Panels, rows, variables and whole dashboards as Grafana's classic JSON (schema version 39: Grafana 10 and later)."""
from . import program

OVERVIEW, SCOPES, EXPORTER, DETAIL = ("datadog-access-tokens", "datadog-access-token-scopes", "datadog-token-exporter",
                                      "datadog-access-token-detail")  # the dashboards' uids

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 39
WIDTH = 24

# The lowest step is never green: Grafana uses its colour for "no data".
NO_DATA_COLOUR = "#6e7077"
NO_DATA = "No data: nothing scraped, or no poll yet"
NO_CELL = "–"

# Grafana's unit for seconds would show 60 days as 8.57 weeks.
DAYS = "suffix:days"

TRUST_STATES = {0: ("Yes", "green"), 1: ("Only one owner seen", "orange"), 2: ("Listing incomplete", "orange"),
                3: ("Last poll failed", "orange"), 4: ("Data are stale", "red"), 5: ("Exporter is down", "red")}

FINDINGS = program.findings()
SEVERITIES = {"critical": "red", "warning": "orange", "info": "blue"}

# Short expiries get calm colours: a personal token that lives for a day is good practice, one that never expires is not.
BUCKETS = {  # name: (shown, colour)
    "expired": ("expired", "yellow"), "under_1d": ("< 1 day", "super-light-blue"), "1d_to_7d": ("1–7 days", "light-blue"),
    "7d_to_30d": ("7–30 days", "blue"), "30d_to_90d": ("30–90 days", "semi-dark-blue"),
    "90d_to_365d": ("90–365 days", "dark-blue"), "over_365d": ("> 365 days", "purple"), "never": ("never", "orange"),
    "unknown": ("unknown", NO_DATA_COLOUR),
}
LAST_USED = {
    "never": ("never used", "yellow"), "over_90d": ("> 90 days ago", "orange"), "30d_to_90d": ("30–90 days", "dark-blue"),
    "7d_to_30d": ("7–30 days", "blue"), "1d_to_7d": ("1–7 days", "light-blue"), "under_1d": ("< 1 day", "super-light-blue"),
    "unknown": ("unknown", NO_DATA_COLOUR),
}
AGES = {
    "under_7d": ("< 7 days", "super-light-blue"), "7d_to_30d": ("7–30 days", "light-blue"), "30d_to_90d": ("30–90 days", "blue"),
    "90d_to_365d": ("90–365 days", "dark-blue"), "over_365d": ("> 365 days", "orange"),
    "unknown": ("unknown", NO_DATA_COLOUR),
}


def steps(*pairs):
    """Thresholds as (value, colour), lowest first. Values below the first one and missing data are grey."""
    return {"mode": "absolute", "steps": [{"color": NO_DATA_COLOUR, "value": None}]
            + [{"color": colour, "value": value} for value, colour in pairs]}


PLAIN = steps((0, "blue"))
WARN_FROM_ONE = steps((0, "green"), (1, "orange"))
ALARM_FROM_ONE = steps((0, "green"), (1, "red"))
HEAT = steps((0, "transparent"), (1, "super-light-blue"), (5, "light-blue"), (20, "blue"), (100, "dark-blue"))
# A countdown may fall slightly below zero between two polls.
COUNTDOWN = steps((-10**9, "red"), (2, "orange"), (14, "yellow"), (30, "green"))  # in days
COLOURED = {"type": "color-background", "mode": "basic"}
COLOURED_TEXT = {"type": "color-text"}
FINDING_COLOURS = ("red", "orange", "dark-red", "yellow", "purple", "blue", "light-blue", "dark-blue", "super-light-blue")


def mapping(texts):
    """Value mappings: {value: (text, colour or None)}."""
    options = {}
    for index, (value, (text, colour)) in enumerate(texts.items()):
        options[str(value)] = {"index": index, "text": text} | ({"color": colour} if colour else {})
    return {"type": "value", "options": options}


def no_value_mapping(text):
    """Shows `text` in grey where there is no value. Grafana prefers this to `noValue`."""
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": NO_DATA_COLOUR, "index": 99}}}


# Maps a finding's rank, by which tables are sorted, to its words.
FINDING_NAMES = mapping({place: (words, SEVERITIES[severity]) for place, (words, severity) in enumerate(FINDINGS.values(), 1)})


def finding_column(name, **properties):
    """A column of finding ranks, shown as words."""
    return by_name(name, mappings=[FINDING_NAMES], custom__cellOptions=COLOURED_TEXT, custom__align="left", custom__width=200,
                   **properties)


def target(expression, legend="", table=False, instant=True):
    return {"expr": expression, "legendFormat": legend or "__auto", "instant": instant, "range": not instant,
            "format": "table" if table else "time_series"}


def link(title, uid, more=""):
    """A link to another dashboard that passes on the time range and the variables. `more`: further variables to set there."""
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}{more and '&'}{more}",
            "targetBlank": False}


def by_name(name, **properties):
    """Overrides for one field. In the names of properties, `__` stands for a dot."""
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]}


def _panel(kind, title, description, targets, width, height, *, unit, thresholds, mappings=(), overrides=(), decimals=None,
           custom=None, colour="thresholds", options=None, no_value=NO_DATA, links=(), maximum=None, minimum=None):
    # pylint: disable=too-many-arguments,too-many-locals
    defaults = {"unit": unit, "color": {"mode": colour}, "thresholds": thresholds, "noValue": no_value,
                "mappings": [*mappings, no_value_mapping(NO_CELL if kind == "table" else no_value)],
                "custom": custom or {}}
    for name, value in (("decimals", decimals), ("max", maximum), ("min", minimum)):
        if value is not None:
            defaults[name] = value
    return {
        "type": kind, "title": title, "description": description, "datasource": DATA_SOURCE,
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "targets": [{"refId": chr(ord("A") + index), "datasource": DATA_SOURCE, "editorMode": "code", **each}
                    for index, each in enumerate(targets)],
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options or {}, "links": list(links), "transformations": [],
    }


def stat(title, description, expression, width=4, height=4, *, unit="short", thresholds=PLAIN, background=False, spark=False,
         legend="", **rest):
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
               "colorMode": "background" if background else "value", "graphMode": "area" if spark else "none",
               "textMode": "auto", "justifyMode": "auto", "orientation": "auto", "wideLayout": True,
               "showPercentChange": False}
    return _panel("stat", title, description, [target(expression, legend or title, instant=not spark)], width, height,
                  unit=unit, thresholds=thresholds, options=options, **rest)


def table(title, description, columns, width, height, *, labels, last=(), unit="short", overrides=(), sort=(),
          thresholds=PLAIN, **rest):
    """`labels`: {label: column}, in order; `columns`: [(column, expression)], one query each, joined on the labels. A column
    without a name is hidden: its query only adds labels. Labels in `last` come after the values. `sort`: column names; a
    leading minus sorts in descending order."""
    merged = len(columns) > 1
    values = {f"Value #{chr(ord('A') + index)}" if merged else "Value": name for index, (name, _) in enumerate(columns)}
    hidden = {field: True for field, name in values.items() if not name}
    names = ({label: name for label, name in labels.items() if label not in last}
             | {field: name for field, name in values.items() if name} | {label: labels[label] for label in last})
    options = {"cellHeight": "sm", "showHeader": True, "footer": {"show": False, "reducer": ["sum"], "countRows": False,
                                                                  "fields": ""},
               "sortBy": [{"displayName": name.lstrip("-"), "desc": name.startswith("-")} for name in sort]}
    panel = _panel("table", title, description, [target(expression, table=True) for _, expression in columns], width, height,
                   unit=unit, thresholds=thresholds, overrides=overrides, options=options,
                   custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}, **rest)
    panel["transformations"] = ([{"id": "merge", "options": {}}] if merged else []) + [
        {"id": "organize", "options": {"excludeByName": {"Time": True} | hidden,
                                       "indexByName": {name: index for index, name in enumerate(names)},
                                       "renameByName": names}}]
    return panel


def matrix(kind, panel, row, row_title, column, shown):
    """Turns the panel's only table query into a matrix, with columns in the order of `shown`."""
    names = {f"{row}\\{column}": row_title} | {name: text for name, (text, _) in shown.items()}
    panel["type"] = kind
    panel["transformations"] = [
        {"id": "groupingToMatrix", "options": {"columnField": column, "rowField": row, "valueField": "Value",
                                               "emptyValue": "zero"}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": {name: i for i, name in enumerate(names)},
                                       "renameByName": names}}]
    return panel


def heat_table(title, description, expression, width, height, *, row, row_title, shown, overrides=(), **rest):
    # pylint: disable=too-many-arguments
    """A line for each `row` and a cell for each key of `shown`: the expiry buckets, and whatever else the query returns as a
    bucket."""
    never = by_name(BUCKETS["never"][0], thresholds=steps((0, "transparent"), (1, "orange")))
    panel = table(title, description, [("", expression)], width, height, labels={}, decimals=0, thresholds=HEAT,
                  overrides=[by_name(row_title, custom__cellOptions={"type": "auto"}), never, *overrides], **rest)
    panel["fieldConfig"]["defaults"]["custom"]["cellOptions"] = COLOURED
    return matrix("table", panel, row, row_title, "expiry_bucket", shown)


def stacked_bars(title, description, expression, width, height, *, column, shown, row="owner_type", row_title="Owner type",
                 **rest):
    # pylint: disable=too-many-arguments
    """One bar for each `row`, divided into the buckets of `column`."""
    options = {"orientation": "horizontal", "xField": row_title, "stacking": "normal", "showValue": "auto",
               "barWidth": 0.8, "groupWidth": 0.7, "barRadius": 0, "fullHighlight": False, "xTickLabelRotation": 0,
               "xTickLabelSpacing": 0, "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom",
                                                  "calcs": []},
               "tooltip": {"mode": "multi", "sort": "none"}}
    panel = _panel("barchart", title, description, [target(expression, table=True)], width, height, unit="short", decimals=0,
                   thresholds=PLAIN, colour="palette-classic", options=options,
                   custom={"fillOpacity": 80, "lineWidth": 1, "gradientMode": "none", "axisPlacement": "auto",
                           "axisLabel": "tokens"},
                   overrides=[by_name(text, color={"mode": "fixed", "fixedColor": colour})
                              for text, colour in shown.values()], **rest)
    return matrix("barchart", panel, row, row_title, column, shown)


def time_series(title, description, targets, width, height, *, unit="short", stack=False, thresholds=PLAIN, axis="",
                colours=None, calcs=("lastNotNull",), **rest):
    """`targets`: [(expression, legend)]. `colours`: {legend: colour}."""
    # pylint: disable=too-many-arguments
    custom = {"drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 1, "fillOpacity": 60 if stack else 10,
              "showPoints": "never", "spanNulls": False, "axisLabel": axis,
              "stacking": {"mode": "normal" if stack else "none", "group": "A"}}
    options = {"legend": {"showLegend": True, "displayMode": "table", "placement": "right" if width >= 10 else "bottom",
                          "calcs": list(calcs)},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    overrides = [by_name(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in (colours or {}).items()]
    rest.setdefault("minimum", 0)
    if unit == "short":
        rest.setdefault("decimals", 0)  # Without this the axis would show fractions of a token.
    return _panel("timeseries", title, description,
                  [target(expression, legend, instant=False) for expression, legend in targets], width, height, unit=unit,
                  thresholds=thresholds, colour="palette-classic", custom=custom, options=options, overrides=overrides, **rest)


def hourly_bars(title, description, targets, width, height, axis, **rest):
    """`targets`: [(increase within the last hour, legend)], drawn as one bar for each hour."""
    # pylint: disable=too-many-arguments
    panel = time_series(title, description, targets, width, height, axis=axis, stack=True, calcs=("sum", "max"), **rest)
    panel["fieldConfig"]["defaults"]["custom"] |= {"drawStyle": "bars", "lineInterpolation": "linear"}
    for each in panel["targets"]:
        each["interval"] = "1h"
    return panel


def trust_stat(expression, width, height=4):
    return stat("Can these numbers be trusted?",
                "The worst answer of all selected organizations. Yes: the last poll succeeded within three poll intervals, read every token, and saw more than one owner's. Otherwise the numbers are old or incomplete; the exporter's health dashboard says which.", expression, width, height, unit="none", background=True,
                thresholds=steps((0, "green"), (1, "orange"), (4, "red")), mappings=[mapping(TRUST_STATES)],
                links=[link("Exporter's health", EXPORTER)])


def access_stat(title, expression, width, height=4):
    return stat(title, "Time until the exporter's own access token expires. After that no number here is updated. “No date” if it polls with keys that don't expire, or has not found its own token in the listing.",
                expression, width, height, unit=DAYS, decimals=1, background=True, thresholds=COUNTDOWN, no_value="No date")


# ---- the dashboard around the panels

def query_variable(name, label, query, description=""):
    return {"name": name, "label": label, "description": description, "type": "query", "datasource": DATA_SOURCE,
            "query": query, "definition": query, "refresh": 2, "regex": "", "sort": 1, "multi": True, "includeAll": True,
            "allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "options": [], "hide": 0,
            "skipUrlSync": False}


def custom_variable(name, label, choices, description, default=None):
    """`choices`: {text: value}. Without a default the variable is multi-value, and all values are selected."""
    several = default is None
    current = {"text": ["All"], "value": ["$__all"]} if several else {"text": default, "value": str(choices[default])}
    query = ", ".join(f"{text} : {value}".replace(",", "\\,") for text, value in choices.items())
    return {"name": name, "label": label, "description": description, "type": "custom", "query": query,
            "multi": several, "includeAll": several, "allValue": ".+" if several else None,
            "current": {"selected": True} | current, "hide": 0, "skipUrlSync": False,
            "options": [{"selected": text == default, "text": text, "value": str(value)} for text, value in choices.items()]}


def text_variable(name, label, description):
    return {"name": name, "label": label, "description": description, "type": "textbox", "query": "", "hide": 0,
            "current": {"selected": False, "text": "", "value": ""}, "options": [], "skipUrlSync": False}


def common_variables():
    known = "datadog_access_token_poll_success"
    target_chosen = 'job=~"$job", instance=~"$instance"'
    kinds = f'{target_chosen}, org=~"$org"'
    return [
        {"name": "datasource", "label": "Data source", "description": "The Prometheus that scrapes the exporter.",
         "type": "datasource", "query": "prometheus", "refresh": 1, "regex": "", "multi": False, "includeAll": False,
         "current": {}, "options": [], "hide": 0, "skipUrlSync": False},
        query_variable("job", "Job", f"label_values({known}, job)"),
        query_variable("instance", "Instance", f'label_values({known}{{job=~"$job"}}, instance)'),
        query_variable("org", "Organization", f"label_values({known}{{{target_chosen}}}, org)"),
        query_variable("token_type", "Token type", f"label_values(datadog_access_tokens{{{kinds}}}, token_type)"),
        query_variable("owner_type", "Owner type", f"label_values(datadog_access_tokens{{{kinds}}}, owner_type)"),
    ]


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": 0}}


def laid_out(panels):
    """Places the panels from left to right. A row, or a panel that does not fit, starts a new line below the tallest panel."""
    x = y = line = 0
    for number, panel in enumerate(panels, 1):
        place = panel["gridPos"]
        if x + place["w"] > WIDTH:
            x, y, line = 0, y + line, 0
        place["x"], place["y"], panel["id"] = x, y, number
        x, line = x + place["w"], max(line, place["h"])
    return panels


def dashboard(uid, title, description, panels, variables, since):
    kinds = sorted({panel["type"] for panel in panels} - {"row"})
    return {
        "__requires": [{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.0.0"},
                       {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
                       *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in kinds)],
        "id": None, "uid": uid, "title": title, "description": description, "tags": ["datadog", "access-tokens"],
        "editable": False, "graphTooltip": 1, "schemaVersion": SCHEMA_VERSION, "version": 1, "timezone": "browser",
        "fiscalYearStartMonth": 0, "weekStart": "", "liveNow": False, "refresh": "1m",
        "time": {"from": since, "to": "now"}, "timepicker": {}, "annotations": {"list": []},
        "links": [{"type": "dashboards", "title": "Datadog access tokens", "tags": ["access-tokens"], "asDropdown": False,
                   "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "",
                   "url": ""}],
        "templating": {"list": variables}, "panels": laid_out(panels),
    }
