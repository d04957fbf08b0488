{{/*
The alerts and recording rules of files/, with the changes from prometheusRule.alerts. files/alerts.yaml explains the
placeholders.
*/}}

{{/* The alerts with the changes from the values, as JSON. dashboards/rules/generate.py has the same presets. */}}
{{- define "datadog-token-exporter.alerts" -}}
{{- $changes := .Values.prometheusRule.alerts -}}
{{- $preset := .Values.prometheusRule.preset -}}
{{- $alerts := dict -}}
{{- range $name, $alert := .Files.Get "files/alerts.yaml" | fromYaml -}}
{{- $enabled := hasKey $alert "enabled" | ternary $alert.enabled true -}}
{{- if eq $preset "minimal" -}}
{{- $enabled = eq $alert.severity "critical" -}}
{{- else if eq $preset "strict" -}}
{{- $enabled = true -}}
{{- end -}}
{{- $_ := set $alerts $name (mergeOverwrite $alert (dict "enabled" $enabled) (deepCopy (default dict (get $changes $name)))) -}}
{{- end -}}
{{- toJson $alerts -}}
{{- end -}}

{{/* (dict root, expr): the expression with the matchers from the values. */}}
{{- define "datadog-token-exporter.matched" -}}
{{- $expr := .expr -}}
{{- $matcher := .root.Values.prometheusRule.matcher | trim | trimSuffix "," -}}
{{- if not $matcher -}}
{{- $expr = $expr | replace ", $SELECTOR" "" | replace "{$SELECTOR}" "" -}}
{{- end -}}
{{- $expr | replace "$SELECTOR" $matcher -}}
{{- end -}}

{{/*
(dict root, alerts, name): the expression of an alert. If the alert at the other end of its band is disabled, the band
extends to 0.
*/}}
{{- define "datadog-token-exporter.expression" -}}
{{- $expr := (index .alerts .name).expr -}}
{{- range $other, $alert := .alerts -}}
{{- $expr = $expr | replace (printf "$THRESHOLD{%s}" $other) (ternary ($alert.threshold | toJson) "0" $alert.enabled) -}}
{{- end -}}
{{- $expr = $expr | replace "$THRESHOLD" ((index .alerts .name).threshold | toJson) -}}
{{- include "datadog-token-exporter.matched" (dict "root" .root "expr" $expr) -}}
{{- end -}}

{{/* Mistakes in prometheusRule.alerts. */}}
{{- define "datadog-token-exporter.alertMistakes" -}}
{{- $source := .Files.Get "files/alerts.yaml" | fromYaml -}}
{{- range $name, $change := .Values.prometheusRule.alerts }}
{{- if not (hasKey $source $name) }}
prometheusRule.alerts: there is no alert {{ $name }}. There are: {{ keys $source | sortAlpha | join ", " }}. New ones go into prometheusRule.additionalGroups.
{{- else }}
{{- $alert := index $source $name }}
{{- if and (hasKey $change "threshold") (not (hasKey $alert "threshold")) (not $change.expr) }}
prometheusRule.alerts.{{ $name }}.threshold: this alert has none; its question is yes or no.
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
