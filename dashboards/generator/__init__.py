"""The source of dashboards/*.json. `queries` builds the PromQL, `panels` the JSON of a Grafana panel, and each dashboard has a
module that lists its panels. `python3 dashboards/generate.py` writes the files."""
