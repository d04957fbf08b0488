"""Draws a dashboard's JSON with real answers of a Prometheus, without a Grafana: `answers` asks, `frames` applies the panel's
transformations, `values` its units, mappings and thresholds, `drawing` makes the SVG. Only what our dashboards use."""
