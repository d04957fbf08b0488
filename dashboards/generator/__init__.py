"""The source of dashboards/*.json. `queries` says how a number is asked for, `panels` what a panel looks like in Grafana's
JSON, and one module for each dashboard which questions it answers. `python3 dashboards/generate.py` writes the files."""
