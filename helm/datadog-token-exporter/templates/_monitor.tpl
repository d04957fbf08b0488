{{/* (dict root, monitor): the endpoint of a ServiceMonitor or a PodMonitor. */}}
{{- define "datadog-token-exporter.endpoint" -}}
port: metrics
path: {{ .root.Values.config.web.telemetry_path | quote }}
scheme: {{ include "datadog-token-exporter.scheme" .root | quote }}
honorLabels: {{ .monitor.honorLabels }}
{{- with .monitor.interval }}
interval: {{ . | quote }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . | quote }}
{{- end }}
{{- with .monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* (dict root, monitor): the fields after the endpoint. */}}
{{- define "datadog-token-exporter.selection" -}}
{{- if .monitor.sampleLimit }}
sampleLimit: {{ int64 .monitor.sampleLimit }}
{{- end }}
namespaceSelector:
  matchNames:
    - {{ include "datadog-token-exporter.namespace" .root | quote }}
selector:
  matchLabels:
    {{- include "datadog-token-exporter.selectorLabels" .root | nindent 4 }}
{{- end -}}
