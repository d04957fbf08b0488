"""Draws a dashboard's JSON with real query results of a Prometheus, without a Grafana: `answers` runs the queries, `frames`
applies the panel's transformations, `values` its units, mappings and thresholds, and `drawing` makes the SVG. Supports only
what our dashboards use."""
