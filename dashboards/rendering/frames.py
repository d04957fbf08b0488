"""Tables as Grafana's Prometheus data source returns them, and the transformations that our panels use."""


def frame(target, answer, several):
    """{field: values}: the time, one field for each label, and the value. `several`: the panel has more than one query."""
    labels = sorted({name for series, _ in answer for name in series if name != "__name__"})
    value = f"Value #{target['refId']}" if several else "Value"
    fields = {"Time": [0] * len(answer)}
    fields |= {name: [series.get(name, "") for series, _ in answer] for name in labels}
    fields[value] = [number for _, number in answer]
    return fields


def merge(frames):
    """Joins the tables; rows with equal values in all shared fields become one."""
    frames = [each for each in frames if each["Time"]]
    shared = [name for name in (frames[0] if frames else {}) if all(name in each for each in frames)]
    names = list(dict.fromkeys(name for each in frames for name in each))
    rows = {}
    for each in frames:
        for index in range(len(each["Time"])):
            key = tuple(each[name][index] for name in shared)
            rows.setdefault(key, {}).update({name: values[index] for name, values in each.items()})
    return {name: [row.get(name) for row in rows.values()] for name in names}


def organize(fields, options):
    """Drops excluded fields, sorts the rest (those without an index go last) and renames them."""
    order = options["indexByName"]
    kept = [name for name in fields if not options["excludeByName"].get(name)]
    kept.sort(key=lambda name: order.get(name, len(order)))
    return {options["renameByName"].get(name, name): fields[name] for name in kept}


def grouping_to_matrix(fields, options):
    if not fields.get("Time"):
        return {}
    row, column, value = (fields[options[key]] for key in ("rowField", "columnField", "valueField"))
    rows, columns = list(dict.fromkeys(row)), list(dict.fromkeys(column))
    cells = dict(zip(zip(row, column), value))
    return {f"{options['rowField']}\\{options['columnField']}": rows} | {
        each: [cells.get((name, each), 0) for name in rows] for each in columns}


def sort(fields, by):
    """Sorts as the table panel does."""
    for each in reversed(by):
        if each["displayName"] not in fields:
            continue
        values = fields[each["displayName"]]
        order = sorted(range(len(values)), key=lambda index: (values[index] is None, values[index] or 0),
                       reverse=each["desc"])
        fields = {name: [column[index] for index in order] for name, column in fields.items()}
    return fields


def table(panel, answers):
    """{column: values} of a table panel."""
    targets = panel["targets"]
    frames = [frame(target, answers.of(target), len(targets) > 1) for target in targets]
    fields = frames[0]
    for transformation in panel["transformations"]:
        options = transformation["options"]
        if transformation["id"] == "merge":
            fields = merge(frames)
        elif transformation["id"] == "organize":
            fields = organize(fields, options)
        elif transformation["id"] == "groupingToMatrix":
            fields = grouping_to_matrix(fields, options)
        else:
            raise ValueError(f"{panel['title']}: {transformation['id']} is not known here")
    return sort(fields, panel["options"].get("sortBy", []))
